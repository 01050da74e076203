"""Intrinsic functions as they are written: short tags and long forms, told apart. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.document.node import Node, NodeKind
from cicd.document.position import Span
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


SUBSTITUTED = re.compile(r"\$\{([^{}]*)\}")
"""A variable of ``Fn::Sub``; one that begins with "!" is literal text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One intrinsic function: "Ref", "Condition" or "Fn::…", and what it is given."""

    name: str
    argument: Node
    span: Span  # of the name, where it is a key; else of the whole value


def call_of(node: Node) -> Call | None:
    """
    Tell which intrinsic function a value is; ``None``: it is plain.

    ``{Condition: Name}`` is one inside conditions only, and is left to those who read them.
    """
    tag = node.tag
    if tag.startswith("!") and tag[1:2].isalpha():
        name = tag[1:]
        return Call(
            name=name if name in ("Ref", "Condition") else f"Fn::{name}",
            argument=replace(node, tag=""),
            span=node.span,
        )
    if node.kind is NodeKind.MAPPING and len(node.entries) == 1:
        entry = next(iter(node.entries.values()))
        if entry.key == "Ref" or entry.key.startswith("Fn::"):
            return Call(name=entry.key, argument=entry.value, span=entry.key_span)
    return None


def attribute_of(argument: Node) -> tuple[str, str] | None:
    """Give the resource and the attribute of ``Fn::GetAtt``, in either form."""
    if argument.kind is NodeKind.SCALAR:
        resource, dot, attribute = argument.text.partition(".")
        return (resource, attribute) if dot else None
    if argument.kind is NodeKind.SEQUENCE and len(argument.items) == 2:
        resource, attribute = argument.items[0].text, argument.items[1].text
        return resource, attribute
    return None


def substituted(text: str) -> Iterator[tuple[str, int, int]]:
    """
    Give the names that ``Fn::Sub`` replaces in a text, without the literal ones.

    With each comes where it begins and ends in the text.
    """
    for found in SUBSTITUTED.finditer(text):
        if not found[1].startswith("!") and found[1].strip():
            yield found[1].strip(), found.start(), found.end()


def is_no_value(node: Node) -> bool:
    """Tell whether a value is ``Ref: AWS::NoValue``, which takes its key or item away."""
    call = call_of(node)
    return call is not None and call.name == "Ref" and call.argument.text == "AWS::NoValue"
