"""Where something stands in a text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One text, under the name the user typed."""

    name: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """Give line ``number``, counted from 1, without its end; "" past the last."""
        lines = self.text.splitlines()
        return lines[number - 1] if 1 <= number <= len(lines) else ""


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
