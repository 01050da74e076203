"""Where something stands in a text, and how to show it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import field

from cicd.record import dataclass

EXCERPT_WIDTH = 88
TAB_WIDTH = 4
QUOTED_LENGTH = 60

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    r"""
    One text, under the name the user typed.

    Lines end where editors end them (``\n``, ``\r\n``, ``\r``), whatever else a reader of
    YAML takes for a line break, so that a position is the one the user's editor shows.
    """

    name: str
    text: str = field(repr=False)
    byte_order_mark: bool = False  # the file began with one; it is not part of the text
    starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the lines once; every span asks for them."""
        starts = (0, *(end.end() for end in _LINE_END.finditer(self.text)))
        object.__setattr__(self, "starts", starts)

    def line(self, number: int) -> str:
        """Give line ``number``, counted from 1, without its end; "" past the last."""
        if not 1 <= number <= len(self.starts):
            return ""
        stop = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : stop].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """Give the stretch between two offsets into the text, the second one exclusive."""
        line = bisect_right(self.starts, start)
        end_line = bisect_right(self.starts, end)
        return Span(
            source=self,
            line=line,
            column=start - self.starts[line - 1] + 1,
            end_line=end_line,
            end_column=end - self.starts[end_line - 1] + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedLine:
    """One line made fit for a terminal, and the cells to mark under it."""

    text: str
    indent: int  # cells before the mark
    width: int  # cells to mark, at least 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one source. Lines and columns count from 1; the end is exclusive."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        """Give the form every tool understands: "buildspec.yml:14:9"."""
        return f"{self.source.name}:{self.line}:{self.column}"

    @property
    def text(self) -> str:
        """What stands there, as written."""
        starts = self.source.starts
        start = starts[self.line - 1] + self.column - 1
        return self.source.text[start : starts[self.end_line - 1] + self.end_column - 1]

    def within(self, words: str) -> Span:
        """Give the place of some words inside the stretch, as written; else the stretch itself."""
        at = self.text.find(words)
        if at < 0 or not words:
            return self
        start = self.source.starts[self.line - 1] + self.column - 1 + at
        return self.source.span(start, start + len(words))

    def marked_line(self) -> MarkedLine:
        """
        Give the first line of the stretch as a terminal shows it, with the cells to mark.

        Tabs become spaces, wide characters count two cells, control characters are replaced,
        and a very long line is cut to ``EXCERPT_WIDTH`` cells around the mark.
        """
        line = self.source.line(self.line)
        first = self.column - 1
        last = self.end_column - 1 if self.end_line == self.line else len(line.rstrip())
        before = printable(line[:first])
        marked = printable(line[first:last], cells(before))
        after = printable(line[last:], cells(before) + cells(marked))
        indent, width = cells(before), max(1, cells(marked))
        text = before + marked + after
        if cells(text) <= EXCERPT_WIDTH:
            return MarkedLine(text=text.rstrip(), indent=indent, width=width)
        # Show some context before the mark, and start a little left of its middle.
        cut = max(0, min(indent - EXCERPT_WIDTH // 4, cells(text) - EXCERPT_WIDTH))
        # Blanks that begin a line are no context.
        cut = max(cut, min(indent, len(text) - len(text.lstrip(" "))))
        shown, left = _window(text, cut, EXCERPT_WIDTH)
        head = "…" if cut else ""
        tail = "…" if left + cells(shown) < cells(text) else ""
        indent = indent - left + len(head)
        width = max(1, min(width, cells(shown) + len(head) - indent))
        return MarkedLine(text=head + shown + tail, indent=indent, width=width)


def cells(text: str) -> int:
    """Count the cells a terminal needs for ``text``, which holds no tab."""
    return sum(map(_cell, text)) if not text.isascii() else len(text)


def printable(text: str, column: int = 0) -> str:
    """
    Make text harmless on a terminal, if it begins ``column`` cells into the line.

    Tabs become spaces; control characters and those that turn the direction of writing
    become "�", since an excerpt must not be able to steer the terminal or to lie.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    for character in text:
        if character == "\t":
            piece = " " * (TAB_WIDTH - column % TAB_WIDTH)
        elif unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            piece = "�"
        else:
            piece = character
        shown.append(piece)
        column += len(piece) if piece.isascii() else _cell(piece)
    return "".join(shown)


def harmless(text: str) -> str:
    """Make a text of several lines harmless; see ``printable``."""
    return "\n".join(map(printable, text.split("\n")))


def brief(text: str) -> str:
    """Give a text for quoting in a message: in one line, and not longer than 60 characters."""
    joined = " ".join(text.split())
    return joined if len(joined) <= QUOTED_LENGTH else f"{joined[: QUOTED_LENGTH - 1]}…"


def _cell(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _window(text: str, cut: int, width: int) -> tuple[str, int]:
    """Give what lies between two cells, and the cell at which it really begins."""
    at = 0
    left = -1
    shown: list[str] = []
    for character in text:
        if at >= cut and at + _cell(character) <= cut + width:
            left = at if left < 0 else left
            shown.append(character)
        at += _cell(character)
    return "".join(shown), max(left, 0)
