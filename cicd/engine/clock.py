"""The time of the world, as it is or faster. See ``ports/clock.py``."""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

PATIENCE = timedelta(milliseconds=200)  # how late an event of another process may be noticed


# Where the system counts the time that it sleeps, we do, too.
_COUNTER = getattr(time, "CLOCK_BOOTTIME", None)
_STEP = timedelta(seconds=1)  # what is less is no jump


def _elapsed() -> float:
    """Give seconds since some moment; nobody can set this clock."""
    return time.monotonic() if _COUNTER is None else time.clock_gettime(_COUNTER)


class SystemClock:
    """
    The machine's own time when this clock is made, and as fast from then on.

    Who sets the machine's clock meanwhile changes nothing about how long things take: an hour
    that it jumps ahead is nobody's timeout. The next process begins with the clock as it is set.
    """

    def __init__(self) -> None:
        """Look at the machine's clock, for the only time."""
        self._start = datetime.now(UTC)
        self._began = _elapsed()

    def now(self) -> datetime:
        """Aware UTC."""
        return self._start + timedelta(seconds=_elapsed() - self._began)

    def machine(self, moment: datetime) -> datetime:
        """Give the same moment, unless somebody has set the machine's clock."""
        ahead = datetime.now(UTC) - self.now()
        return moment if abs(ahead) < _STEP else moment + ahead

    def inbox(self) -> QueueInbox:
        """Make an inbox that wakes at a moment of this clock."""
        return QueueInbox(lambda until: until - self.now())

    def working(self) -> AbstractContextManager[None]:
        """Do nothing: this time never jumps."""
        return nullcontext()


class ScaledClock:
    """
    Time that runs ``speed`` times as fast, from the moment the clock is made.

    For people who want to see what happens in an hour: at 60 a bake time of five minutes takes
    five seconds. Work takes as long as ever, so at 60 a timeout of an hour is one of a minute.
    """

    def __init__(self, speed: float) -> None:
        """Take a speed above 0."""
        self._speed = speed
        self._start = datetime.now(UTC)
        self._began = _elapsed()

    def now(self) -> datetime:
        """Aware UTC; in the future, soon."""
        elapsed = _elapsed() - self._began
        return self._start + timedelta(seconds=elapsed * self._speed)

    def machine(self, moment: datetime) -> datetime:
        """Give what the machine's own clock shows then."""
        return self._start + (moment - self._start) / self._speed

    def inbox(self) -> QueueInbox:
        """Make an inbox that wakes at a moment of this clock."""
        return QueueInbox(lambda until: (until - self.now()) / self._speed)

    def working(self) -> AbstractContextManager[None]:
        """Do nothing: this time never jumps."""
        return nullcontext()


class QueueInbox:
    """An ``Inbox`` in real time. ``put`` is safe in a signal handler and on any thread."""

    def __init__(self, remaining: Callable[[datetime], timedelta]) -> None:
        """Take how to tell the real time from now until a moment of the clock."""
        self._remaining = remaining
        self._queue: SimpleQueue[object] = SimpleQueue()

    def put(self, item: object) -> None:
        """Add an item, and wake who waits."""
        self._queue.put(item)

    def take(self, until: datetime | None) -> list[object]:
        """Wait for an item, ``until`` or 200 ms, and give all that is there, perhaps nothing."""
        wait = PATIENCE if until is None else min(PATIENCE, self._remaining(until))
        items: list[object] = []
        try:
            items.append(self._queue.get(timeout=max(0.0, wait.total_seconds())))
            while True:
                items.append(self._queue.get_nowait())
        except Empty:
            return items
