"""``{{resolve:ssm:…}}`` and ``{{resolve:secretsmanager:…}}`` in an action's configuration."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.document.cloudformation.dynamic import DYNAMIC, secret_of
from cicd.engine.redaction import Redactor
from cicd.errors import UsageError

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from cicd.pipeline.result import ActionResult
    from cicd.ports import SecretSource

_VARIABLES: Final = "EnvironmentVariables"


def looked_up(
    configuration: Mapping[str, str], secrets: SecretSource
) -> tuple[Mapping[str, str], Redactor]:
    """
    Replace each reference by its value, from where this machine keeps such.

    CloudFormation does it when it makes the stack; here it is done when the action begins, so
    that no value stands in a plan. A variable of a build that is one whole reference is left to
    the build to look up, which keeps it out of its log, too.

    Returns:
        What the action is given, and what hides the values.

    Raises:
        UsageError: There is no such parameter or secret.

    Source: CloudFormation User Guide, "Dynamic references".

    """
    values: list[str] = []

    def found(match: re.Match[str]) -> str:
        values.append(_value(match[1], match[2], secrets))
        return values[-1]

    given = {
        key: DYNAMIC.sub(found, _by_reference(text) if key == _VARIABLES else text)
        for key, text in configuration.items()
    }
    return given, Redactor(values)


def masked(result: ActionResult, redactor: Redactor) -> ActionResult:
    """Keep what was looked up out of what is said of an action that has ended."""
    error = result.error
    if error is not None:
        error = replace(
            error, message=redactor.redact(error.message), hint=redactor.redact(error.hint)
        )
    return replace(
        result,
        summary=redactor.redact(result.summary),
        external_execution_id=redactor.redact(result.external_execution_id),
        external_execution_url=redactor.redact(result.external_execution_url),
        error=error,
    )


def _by_reference(text: str) -> str:
    """Write variables of a build that are one whole reference as the build's own references."""
    try:
        variables = json.loads(text)
    except (ValueError, RecursionError):
        return text  # whoever reads it says what is wrong
    for each in variables if isinstance(variables, list) else ():
        match each:
            case {"value": str(value)} if each.get("type", "PLAINTEXT") == "PLAINTEXT":
                if whole := DYNAMIC.fullmatch(value):
                    is_secret = whole[1] == "secretsmanager"
                    each["type"] = "SECRETS_MANAGER" if is_secret else "PARAMETER_STORE"
                    each["value"] = secret_of(whole[2]) if is_secret else whole[2]
    return json.dumps(variables)


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
