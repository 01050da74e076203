"""``{{resolve:ssm:…}}`` and ``{{resolve:secretsmanager:…}}`` in an action's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.dynamic import DYNAMIC, secret_of
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.ports import SecretSource


def looked_up(configuration: Mapping[str, str], secrets: SecretSource) -> Mapping[str, str]:
    """
    Replace each reference by its value, from where this machine keeps such.

    CloudFormation does it when it makes the stack; here it is done when the action begins, so
    that no value stands in a plan.

    Raises:
        UsageError: There is no such parameter or secret.

    Source: CloudFormation User Guide, "Dynamic references".

    """
    return {
        key: DYNAMIC.sub(lambda found: _value(found[1], found[2], secrets), text)
        for key, text in configuration.items()
    }


def _value(service: str, reference: str, secrets: SecretSource) -> str:
    if service == "secretsmanager":
        name = secret_of(reference)
        value, hint = secrets.secret(name), secrets.secret_hint(name)
    else:
        name = reference
        value, hint = secrets.parameter(name), secrets.parameter_hint(name)
    if value is None:
        raise UsageError(f"there is no '{name}', which a dynamic reference names", hint=hint)
    return value
