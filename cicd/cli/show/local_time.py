"""Moments as people read them: by the clock on their wall."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def local_time(moment: datetime | None) -> str:
    """Write a moment in the zone of this machine, to the second; nothing for none."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
