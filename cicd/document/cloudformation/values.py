"""Values of a resolved template: texts, lists, and what could not be resolved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.document.node import Node, NodeKind, ScalarStyle

if TYPE_CHECKING:
    from collections.abc import Iterator

UNRESOLVED = "!Unresolved"
"""The tag of a value that is not known here; its text names what it waits for."""


def text_node(text: str, at: Node) -> Node:
    """Give a text that stands where ``at`` stands."""
    return Node(kind=NodeKind.SCALAR, span=at.span, text=text, style=ScalarStyle.QUOTED)


def list_node(items: tuple[Node, ...], at: Node) -> Node:
    """Give a list that stands where ``at`` stands."""
    return Node(kind=NodeKind.SEQUENCE, span=at.span, items=items)


def unresolved(reference: str, at: Node) -> Node:
    """Give a value that is not known, named by what it waits for."""
    return Node(kind=NodeKind.SCALAR, span=at.span, text=reference, tag=UNRESOLVED)


def moved(value: Node, at: Node) -> Node:
    """Give a value where it is used, instead of where it is declared."""
    return replace(value, span=at.span)


def joined(parts: list[Node], delimiter: str, at: Node) -> Node:
    """Give one text out of several; it is as unknown as the least known of them."""
    text = delimiter.join(part.text for part in parts)
    if any(part.tag == UNRESOLVED or part.kind is not NodeKind.SCALAR for part in parts):
        return unresolved(text, at)
    return text_node(text, at)


def unknown_values(node: Node) -> Iterator[Node]:
    """Give every value below ``node``, itself included, that could not be resolved."""
    if node.tag == UNRESOLVED:
        yield node
    for item in node.items:
        yield from unknown_values(item)
    for entry in node.entries.values():
        yield from unknown_values(entry.value)


def is_known(node: Node) -> bool:
    """Tell whether nothing in a value waits for anything."""
    return next(unknown_values(node), None) is None
