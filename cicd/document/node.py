"""One value of a document, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from cicd.document.position import Span


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
    """

    kind: NodeKind
    span: Span
    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    items: tuple[Node, ...] = ()
    text: str = ""
    style: ScalarStyle = ScalarStyle.PLAIN
