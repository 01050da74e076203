"""
Expressions that users write, matched within a second; the only importer of ``regex``.

Python's own ``re`` has no limit: ``(a+)+$`` on forty letters takes centuries, deaf to Ctrl-C.
AWS's engines are others, linear or Java's. See docs/decisions/0010.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT: Final = 1.0  # seconds; a match takes microseconds, or longer than anybody waits


class ExpressionFault(Exception):
    """An expression that cannot be read, or matched within the limit; its text says why."""


@cache  # what is read once is asked about many texts
def check(pattern: str) -> None:
    """Raise ``ExpressionFault`` for what is no regular expression."""
    import regex

    try:
        regex.compile(pattern)
    except regex.error as problem:
        raise ExpressionFault(str(problem)) from None


def matches(pattern: str, text: str, *, whole: bool = False) -> bool:
    """
    Tell whether an expression matches anywhere in a text, or the whole of it.

    Raises ``ExpressionFault``.
    """
    check(pattern)
    found = _matches(pattern, text, whole=whole)
    if found is None:
        raise _endless()
    return found


def searches(pattern: str) -> Callable[[str], bool]:
    """
    Give what tells whether an expression matches anywhere in a text, and remembers none.

    Both raise ``ExpressionFault``: of many texts, none takes longer than the limit.
    """
    check(pattern)
    import regex

    compiled = regex.compile(pattern)

    def search(text: str) -> bool:
        try:
            return compiled.search(text, timeout=LIMIT) is not None
        except TimeoutError:
            raise _endless() from None

    return search


@cache  # what is replayed from a log asks again, and has the same answer
def _matches(pattern: str, text: str, *, whole: bool) -> bool | None:
    import regex

    ask = regex.fullmatch if whole else regex.search
    try:
        return ask(pattern, text, timeout=LIMIT) is not None
    except TimeoutError:
        return None


def _endless() -> ExpressionFault:
    return ExpressionFault(f"it takes more than {LIMIT:.0f} s to match")


def is_filled(pieces: Sequence[str], text: str) -> bool:
    """
    Tell whether a text is these pieces with anything between them: what stands around each ``*``.

    Each is looked for where it comes first, so that no number of them takes long.
    """
    first, *rest = pieces
    if not rest:
        return text == first
    *middle, last = rest
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
