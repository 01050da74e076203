"""A correction that a program can make: stretches of a text, and what stands there instead."""

from __future__ import annotations

from cicd.document.position import Span
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One stretch and its new text."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Edits of one source that belong together: all are made, or none."""

    edits: tuple[Edit, ...]
    unmark: bool = False  # take the byte order mark off, which is no part of the text

    @classmethod
    def word(cls, span: Span, word: str) -> Fix:
        """Put another word in the place of a key or a scalar, in the quotes that it has."""
        written = span.text
        quote = written[:1] if written[:1] in {"'", '"'} and written[-1:] == written[:1] else ""
        return cls(edits=(Edit(span=span, text=f"{quote}{word}{quote}"),))

    @classmethod
    def text(cls, span: Span, text: str) -> Fix:
        """Put a text in the place of a stretch, as it is."""
        return cls(edits=(Edit(span=span, text=text),))

    @classmethod
    def mark(cls, span: Span) -> Fix:
        """Take the byte order mark off the source that begins at ``span``."""
        return cls(edits=(Edit(span=span, text=""),), unmark=True)


def quoted(text: str) -> str:
    """Write a text of one line as a YAML scalar in quotes that need the fewest escapes."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"
