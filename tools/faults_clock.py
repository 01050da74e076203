"""
The command, on a clock that is ahead or behind by what a file says: run by faults_world_at_large.

    python tools/faults_clock.py FILE WORD...
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import cicd.engine.clock
from cicd.cli import main

OFFSET = Path(sys.argv.pop(1))
real_time = time.time


def offset() -> float:
    """Give the seconds that the clock is ahead now."""
    return float(OFFSET.read_text("utf-8"))


class Jumping(datetime):
    """The moment that the clock says."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """Give it."""
        return datetime.now(tz) + timedelta(seconds=offset())


cicd.engine.clock.datetime = Jumping  # type: ignore[misc]
time.time = lambda: real_time() + offset()
main()
