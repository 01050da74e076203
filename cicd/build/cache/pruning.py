"""Which caches go when there is to be more room. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.ports import CacheEntry

_UNITS = {
    "": 1,
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", start=1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMGT", start=1)},
}
_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_size(text: str) -> int:
    """Read "500MB", "1GB" (thousands) or "1GiB" (1024s) as bytes; raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
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
    entries: Sequence[CacheEntry],
    *,
    now: datetime,
    max_size: int | None,
    older_than: timedelta | None,
) -> list[CacheEntry]:
    """Give what goes, the oldest first: all that is too old, then what is beyond the size."""
    total = sum(entry.size for entry in entries)
    gone = []
    for entry in sorted(entries, key=lambda each: each.created_at):
        old = older_than is not None and now - entry.created_at > older_than
        if old or (max_size is not None and total > max_size):
            gone.append(entry)
            total -= entry.size
    return gone
