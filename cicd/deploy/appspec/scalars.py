"""What a plain scalar of an AppSpec means to the agent's YAML 1.1 reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.node import NodeKind, ScalarStyle

if TYPE_CHECKING:
    from cicd.document.node import Node

_INTEGERS = (
    (re.compile(r"([-+]?)0b([01_]+)"), 2),
    (re.compile(r"([-+]?)0x([0-9a-fA-F_]+)"), 16),
    (re.compile(r"([-+]?)0([0-7_]+)"), 8),
    (re.compile(r"([-+]?)(0|[1-9][0-9_]*)"), 10),
)
_ZERO = re.compile(r"[-+]?(0+\.?0*|\.0+)")
_LEADING = re.compile(r"\s*([-+]?\d+)")
_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off"})


def integer(node: Node) -> int | None:
    """
    Give the value of a plain integer, octal with a leading zero; None for anything else.

    Source: YAML 1.1, "Integer Language-Independent Type"; the agent's Psych reads it so.
    """
    if node.kind is not NodeKind.SCALAR or node.style is not ScalarStyle.PLAIN:
        return None
    for pattern, base in _INTEGERS:
        match = pattern.fullmatch(node.text)
        if match:
            digits = match[2].replace("_", "") or "0"
            return -int(digits, base) if match[1] == "-" else int(digits, base)
    return None


def is_boolean(node: Node) -> bool:
    """Tell whether a plain scalar is a YAML 1.1 boolean."""
    return node.style is ScalarStyle.PLAIN and node.text.lower() in _BOOLEANS


def is_zero(node: Node) -> bool:
    """Tell whether a scalar is the unquoted number zero, which is all ``version`` may be."""
    return (
        node.kind is NodeKind.SCALAR
        and node.style is ScalarStyle.PLAIN
        and _ZERO.fullmatch(node.text) is not None
    )


def leading_integer(node: Node) -> int:
    """Give the integer a text begins with ("10s" is 10, "30.9" is 30), else 0, as Ruby does."""
    value = integer(node)
    if value is not None:
        return value
    match = _LEADING.match(node.text)
    return int(match[1]) if match else 0


def mode_text(node: Node) -> str:
    """
    Give the text the agent makes of a ``mode``: an unquoted ``0644`` is octal, so "420".

    Source: traps 18 and the mode table of the agent's behaviour.
    """
    value = integer(node)
    return node.text if value is None else str(value)
