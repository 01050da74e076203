"""Keys of an AppSpec that the agent passes over without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
