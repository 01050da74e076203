"""A document that is a text of another one, such as an inline buildspec, in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.node import Node, ScalarStyle
from cicd.document.position import Source
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cicd.document.position import Span

_BEFORE = re.compile(r"(?:[!&]\S*\s+)*")  # a tag, an anchor
_ESCAPE = re.compile(r"\\(?:x..|u....|U........|\r\n|[\s\S])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a text, with the place of each of its characters in the outer source."""

    text: str
    places: tuple[tuple[int, int], ...]  # one a character: offsets, the second one exclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded(Source):
    """A text within another source: the spans that it gives are of that one."""

    outer: Source
    places: tuple[tuple[int, int], ...]

    def span(self, start: int, end: int) -> Span:
        """Give the stretch of the outer source that two offsets into the text mean."""
        if not self.places:
            return self.outer.span(0, 0)
        last = len(self.places) - 1
        begin = self.places[start][0] if start <= last else self.places[last][1]
        stop = self.places[min(end - 1, last)][1] if end > start else begin
        return self.outer.span(begin, max(begin, stop))


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText(Node):
    """A scalar that is a document, where its places are not simply its own."""

    document: Source


def document_of(node: Node) -> Source:
    """Give the document that a scalar's text is, its spans being those of the scalar's source."""
    return node.document if isinstance(node, DocumentText) else made_of([as_written(node)], node)


def made_of(pieces: Iterable[Piece], at: Node) -> Embedded:
    """Put a document together out of pieces of the source of ``at``."""
    pieces = list(pieces)
    outer = at.span.source
    return Embedded(
        name=outer.name,
        text="".join(piece.text for piece in pieces),
        outer=outer,
        places=tuple(place for piece in pieces for place in piece.places),
    )


def as_written(node: Node) -> Piece:
    """Find each character of a scalar in its source, through quotes, escapes and indentation."""
    return Piece(text=node.text, places=tuple(_found(node)))


def all_at(text: str, span: Span) -> Piece:
    """Give a text that stands at one place as a whole, since it is written elsewhere."""
    return Piece(text=text, places=(_offsets(span),) * len(text))


def cut(piece: Piece, start: int, end: int) -> Piece:
    """Give a part of a piece."""
    return Piece(text=piece.text[start:end], places=piece.places[start:end])


def _found(node: Node) -> Iterator[tuple[int, int]]:
    """
    Walk the value and what is written side by side.

    What YAML folds, indents or leaves out is passed over: the next character that is the same
    is the one meant.
    """
    raw = node.span.source.text
    at, end = _offsets(node.span)
    at = _begin(node, raw, at, end)
    quote = raw[at - 1 : at] if node.style is ScalarStyle.QUOTED else ""
    for character in node.text:
        while at < end:
            written = raw[at]
            if quote == '"' and written == "\\":
                escape = _ESCAPE.match(raw, at)
                width = len(escape[0]) if escape else 1
                if escape and escape[0][1:].isspace() and not character.isspace():
                    at += width  # a line that is continued
                    continue
            elif quote == "'" and raw.startswith("''", at):
                width = 2
            elif written == character or (written.isspace() and character.isspace()):
                width = 1
            else:
                at += 1
                continue
            yield at, at + width
            at += width
            break
        else:
            yield end, end


def _begin(node: Node, raw: str, at: int, end: int) -> int:
    """Give the offset of what is written first, after tag, quote or the header of a block."""
    before = _BEFORE.match(raw, at, end)
    at = before.end() if before and node.style is not ScalarStyle.BLOCK else at
    if node.style is ScalarStyle.BLOCK:
        line_end = raw.find("\n", at, end)
        return end if line_end < 0 else line_end + 1
    return at + (raw[at : at + 1] in ('"', "'") and node.style is ScalarStyle.QUOTED)


def _offsets(span: Span) -> tuple[int, int]:
    starts = span.source.starts
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
