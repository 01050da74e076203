"""Keys of an AppSpec that the agent passes over without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.appspec.findings import value
from cicd.document.node import NodeKind
from cicd.document.position import brief
from cicd.document.unknown import note_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems

FILE_KEYS: Final = ("source", "destination")
SCRIPT_KEYS: Final = ("location", "timeout", "runas", "sudo")
PERMISSION_KEYS: Final = (
    "object",
    "pattern",
    "except",
    "owner",
    "group",
    "mode",
    "acls",
    "context",
    "type",
)
CHANGING: Final = ("owner", "group", "mode", "acls", "context")
CONTEXT_KEYS: Final = ("user", "name", "type", "range")


def check_keys(node: Node, problems: Problems) -> None:
    """Note the keys of files, scripts and permissions that mean nothing to the agent."""
    for item, known, what in _mappings(node):
        for key, entry in item.entries.items():
            if key in known:
                continue
            note_unknown(
                entry,
                problems,
                rule="deploy/unknown-key",
                what=what,
                known=known,
                free=tuple(name for name in known if name not in item.entries),
                aside="; the agent ignores it",
            )
    for item in _items(node, "permissions"):
        _check_changing(item, problems)


def _check_changing(item: Node, problems: Problems) -> None:
    """Note an entry of ``permissions`` that changes nothing, or applies to nothing."""
    named = value(item, "object")
    kinds = value(item, "type")
    if named is None:
        return
    if kinds is not None and kinds.kind is NodeKind.SEQUENCE and not kinds.items:
        problems.warning(
            "deploy/permission-nothing",
            f"the entry of '{brief(named.text)}' is for no type, so it applies to nothing",
            kinds.span,
            hint="write 'type: [file]', or leave 'type' out",
        )
    elif not any(key in item.entries for key in CHANGING):
        problems.warning(
            "deploy/permission-nothing",
            f"the entry of '{brief(named.text)}' changes nothing",
            named.span,
            hint="add 'mode', 'owner' or 'group', or remove the entry",
        )


def _mappings(node: Node) -> Iterator[tuple[Node, tuple[str, ...], str]]:
    for item in _items(node, "files"):
        yield item, FILE_KEYS, "an entry of 'files'"
    for item in _items(node, "permissions"):
        yield item, PERMISSION_KEYS, "an entry of 'permissions'"
        if "context" in item.entries:
            yield item.entries["context"].value, CONTEXT_KEYS, "'context'"
    hooks = node.entries.get("hooks")
    for event in hooks.value.entries.values() if hooks else ():
        for item in event.value.items:
            yield item, SCRIPT_KEYS, "a script"


def _items(node: Node, section: str) -> tuple[Node, ...]:
    entry = node.entries.get(section)
    return entry.value.items if entry else ()
