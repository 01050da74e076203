"""Values of a configuration that are not known here: visible, and refused only where needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORM = re.compile(r"\{\{unknown:(.*?)\}\}", re.DOTALL)
# Nothing here asks for them: who may do what, whom to tell, and by which connection.
_NOT_NEEDED = frozenset(
    {"ConnectionArn", "CustomData", "ExternalEntityLink", "NotificationArn", "RoleArn"}
)


def placeholder(reference: str) -> str:
    """Give what stands for a value that waits for ``reference``."""
    return f"{{{{unknown:{reference}}}}}"


def refuse_unknown(configuration: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for a value that an action needs and that nobody gave."""
    for key, value in configuration.items():
        found = _FORM.search(value)
        if found is not None and key not in _NOT_NEEDED:
            raise UsageError(
                f"'{key}' is not known here: it waits for '{found[1]}'", hint=_hint(found[1])
            )


def _hint(reference: str) -> str:
    kind, _, name = reference.partition("ImportValue.")
    if not kind and name:
        return f"in cicd.yml: local: {{imports: {{{name}: VALUE}}}}"
    return "let the template name the resource itself, or give the value as a parameter"
