"""What a task definition says that nothing on this machine heeds: each key is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.document.fields import Fields
    from cicd.document.node import Node

RULE: Final = "deploy/task-no-effect"


def is_empty(node: Node | None) -> bool:
    """Tell whether a key is absent, or says nothing, as answers of the service often do."""
    if node is None or node.is_null:
        return True
    match node.kind:
        case NodeKind.MAPPING:
            return not node.entries
        case NodeKind.SEQUENCE:
            return not node.items
        case _:
            return not node.text


def note_no_effect(fields: Fields, keys: Iterable[str], *, of: str) -> None:
    """Note in one line which of ``keys`` are written; they are known from then on."""
    written = [key for key in keys if not is_empty(fields.node(key))]
    if written:
        names = ", ".join(f"'{key}'" for key in written)
        have = "has" if len(written) == 1 else "have"
        fields.problems.remark(
            RULE, f"{names} of {of} {have} no effect on this machine", fields.span(written[0])
        )


def warn_no_effect(fields: Fields, key: str, *, of: str, so: str, hint: str) -> None:
    """Warn of a key without which things go otherwise than in the cloud."""
    if not is_empty(fields.node(key)):
        fields.problems.warning(
            RULE,
            f"'{key}' of {of} has no effect on this machine: {so}",
            fields.span(key),
            hint=hint,
        )
