"""Slips at which a YAML parser stops a line later, or says something else: what was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix, quoted
from cicd.document.position import Span
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.position import Source

# Not "http://": a slash or another colon behind the colon is meant.
_GLUED: Final = re.compile(r"\s*(?:-\s+)*([A-Za-z_][\w-]*:[^\s:/\\][^\s:]*)\s*(?:\s#.*)?")
_BEHIND: Final = re.compile(r"""(\s*(?:-\s+|[\w-]+:\s+)+)((["'])(?:(?!\3).)*\3\s*[^\s#,:\]}].*)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What was probably meant, where it stands."""

    message: str
    hint: str
    span: Span
    fix: Fix | None = None


def probable_slip(source: Source, line: int) -> Slip | None:
    """Look at the line where the parser stopped, and at the one before; None: nothing is near."""
    return _behind_a_quote(source, line) or _glued(source, line - 1) or _glued(source, line)


def _behind_a_quote(source: Source, line: int) -> Slip | None:
    text = source.line(line)
    found = _BEHIND.fullmatch(text.rstrip())
    if found is None:
        return None
    start = source.starts[line - 1]
    whole = source.span(start + found.start(2), start + found.end(2))
    first = re.match(r"""(["'])(?:(?!\1).)*\1\s*""", found[2])
    behind = found.start(2) + (first.end() if first else 0)
    right = quoted(found[2])
    return Slip(
        message="the value ended with its closing quote, and goes on behind it",
        hint=f"put the whole value in quotes: {right}",
        span=source.span(start + behind, start + found.end(2)),
        fix=Fix.text(whole, right) if " #" not in found[2] else None,
    )


def missing_blank(span: Span) -> Slip | None:
    """Tell whether a text that should have been a mapping, ``key:value``, lacks a blank only."""
    slip = _glued(span.source, span.line) if span.line == span.end_line else None
    return slip if slip is not None and slip.span.text == span.text else None


def _glued(source: Source, line: int) -> Slip | None:
    found = _GLUED.fullmatch(source.line(line)) if line > 0 else None
    if found is None:
        return None
    start = source.starts[line - 1]
    span = source.span(start + found.start(1), start + found.end(1))
    right = found[1].replace(":", ": ", 1)
    return Slip(
        message=f"a blank is missing after the colon of '{found[1]}'",
        hint=f"write '{right}'",
        span=span,
        fix=Fix.text(span, right),
    )
