"""What goes when there is to be more room, and sizes and ages in words. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_UNITS = {
    "": 1,
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", start=1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMGT", start=1)},
}
_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Aged(Protocol):
    """Something of a size and an age: a cache, a log, an artifact."""

    @property
    def size(self) -> int:
        """Give its bytes."""

    @property
    def created_at(self) -> datetime:
        """Say since when it is there."""


AgedT = TypeVar("AgedT", bound=Aged)


def read_size(text: str) -> int:
    """Read "500MB", "1GB" (thousands) or "1GiB" (1024s) as bytes; raises UsageError."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?)\s*([A-Za-z]*)", text.strip())
    if match is None or match[2].upper() not in _UNITS:
        raise UsageError(f"'{text}' is not a size", hint="write 500MB, 1GB or 1GiB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def read_age(text: str) -> timedelta:
    """Read "12h", "7d" or "2w"; raises UsageError."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not an age", hint="write 12h, 7d or 2w")
    return timedelta(**{_AGES[match[2]]: int(match[1])})


def size_words(size: int) -> str:
    """Put bytes into words: "1.5 GB"."""
    value = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def to_prune(
    entries: Sequence[AgedT],
    *,
    now: datetime,
    max_size: int | None,
    older_than: timedelta | None,
    total: int | None = None,
) -> list[AgedT]:
    """
    Give what goes, the oldest first: all that is too old, then what is beyond the size.

    ``total`` is what counts against the size, if that is more than the entries themselves.
    """
    left = sum(entry.size for entry in entries) if total is None else total
    gone = []
    for entry in sorted(entries, key=lambda each: each.created_at):
        old = older_than is not None and now - entry.created_at > older_than
        if old or (max_size is not None and left > max_size):
            gone.append(entry)
            left -= entry.size
    return gone
