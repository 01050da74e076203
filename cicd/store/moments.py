"""Moments as text: RFC 3339, UTC, always microseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def written(at: datetime) -> str:
    """Write an aware moment: "2026-01-02T03:04:05.000006Z"."""
    # Events are of UTC already, and there are thousands of them.
    there = at if at.tzinfo is UTC else at.astimezone(UTC)
    return there.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """Read what ``written`` wrote; raises ValueError for anything that is not a moment."""
    return datetime.fromisoformat(text).astimezone(UTC)
