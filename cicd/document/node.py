"""One value of a document, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from cicd.document.position import Span
from cicd.record import dataclass

MAX_DEPTH = 100
"""How many values may lie inside one another, aliases followed."""

MAX_NODES = 100_000
"""How many values a document may hold, aliases followed."""

Path: TypeAlias = Sequence[str | int]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_INTEGER = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?"
)
_SPECIAL = re.compile(r"([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)")
_MAX_DIGITS = 4000  # Python refuses to read longer whole numbers


class NodeKind(StrEnum):
    """The three shapes of a document's values."""

    MAPPING = "MAPPING"
    SEQUENCE = "SEQUENCE"
    SCALAR = "SCALAR"


class ScalarStyle(StrEnum):
    """How a scalar was written; a PLAIN one may be a number, a boolean or null."""

    PLAIN = "PLAIN"
    QUOTED = "QUOTED"
    BLOCK = "BLOCK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a mapping, with its value."""

    key: str
    key_span: Span
    value: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """
    A mapping, a sequence or a scalar.

    A scalar keeps its source text; its type is decided by the field that asks for it,
    so that ``mode: 0755``, ``on: yes``, ``12:30:45`` and ``3.10`` mean what the writer meant.
    A value reached through an alias is the anchored node itself, with the anchor's position.
    """

    kind: NodeKind
    span: Span
    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    items: tuple[Node, ...] = ()
    text: str = ""
    style: ScalarStyle = ScalarStyle.PLAIN
    tag: str = ""  # "!Sub"; "" where none is written, or one that only says "text"

    @property
    def is_null(self) -> bool:
        """Whether nothing is written, or a plain ``~`` or ``null``."""
        return (
            self.kind is NodeKind.SCALAR
            and self.style is ScalarStyle.PLAIN
            and not self.tag
            and self.text in _NULL
        )

    def at(self, path: Path) -> Node:
        """Give the node at ``("phases", "build", "commands", 0)``; raises ``LookupError``."""
        node = self
        for step in path:
            node = node.items[step] if isinstance(step, int) else node.entries[step].value
        return node

    def plain(self) -> object:
        """
        Give dicts, lists, strings, numbers, booleans and ``None``, as JSON Schema wants them.

        A plain scalar is resolved as YAML 1.1 says, and as JSON where the two differ (``1e3``
        is a number). Two liberties: dates and base-sixty numbers (``12:30``) stay text,
        since JSON has no such things and no reader of these documents means them.
        """
        match self.kind:
            case NodeKind.MAPPING:
                return {key: entry.value.plain() for key, entry in self.entries.items()}
            case NodeKind.SEQUENCE:
                return [item.plain() for item in self.items]
            case NodeKind.SCALAR:
                return _resolved(self.text) if self.style is ScalarStyle.PLAIN else self.text


def _resolved(text: str) -> object:
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return _whole(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if special := _SPECIAL.fullmatch(text):
        return float(f"{special[1]}inf") if special[2] else float("nan")
    return text


def _whole(text: str) -> int | float:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if digits.startswith("0x"):
        return sign * int(digits[2:] or "0", 16)
    if digits.startswith("0b"):
        return sign * int(digits[2:] or "0", 2)
    if len(digits) > 1 and digits.startswith("0"):
        return sign * int(digits, 8)
    return sign * (int(digits) if len(digits) <= _MAX_DIGITS else float(digits))
