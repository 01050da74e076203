"""What the agent's YAML reader refuses before any section is looked at. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix
from cicd.document.node import NodeKind, ScalarStyle
from cicd.document.position import brief

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.deploy.appspec.findings import Findings
    from cicd.document.node import Node

_DATE: Final = re.compile(r"\d{4}-(1[012]|0\d|\d)-([12]\d|3[01]|0\d|\d)")
_TIME: Final = re.compile(
    r"-?\d{4}-\d{1,2}-\d{1,2}([Tt]|\s+)\d{1,2}:\d\d:\d\d(\.\d*)?(\s*(Z|[-+]\d{1,2}:?(\d\d)?))?"
)
_RUBY: Final = "!ruby/"


def check_classes(node: Node, findings: Findings) -> None:
    """
    Refuse what would become an object of a class: an unquoted date or time, a tag of Ruby's.

    Source: the agent's behaviour, "YAML rules": it loads maps, lists, strings, numbers, booleans
    and null.
    """
    for each in _every(node):
        name = _class(each)
        if name is None:
            continue
        plain = each.style is ScalarStyle.PLAIN and not each.tag
        findings.reject(
            "deploy/class",
            f"'{brief(each.text or each.tag)}' is a {name} to the agent's YAML, which loads none",
            each.span,
            hint="put it in quotes" if plain else "leave out the tag",
            agent=f"Tried to load unspecified class: {name}",
            fix=Fix.text(each.span, f'"{each.text}"') if plain else None,
        )


def _class(node: Node) -> str | None:
    if node.tag.startswith(_RUBY):
        return node.tag.rpartition(":")[2] if ":" in node.tag else "Object"
    if node.kind is not NodeKind.SCALAR or node.style is not ScalarStyle.PLAIN or node.tag:
        return None
    if _DATE.fullmatch(node.text):
        return "Date"
    return "Time" if _TIME.fullmatch(node.text) else None


def _every(node: Node) -> Iterator[Node]:
    yield node
    for entry in node.entries.values():
        yield from _every(entry.value)
    for item in node.items:
        yield from _every(item)
