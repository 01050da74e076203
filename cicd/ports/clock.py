"""The seam to the time, and the one place that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime


class Inbox(Protocol):
    """Where outcomes and signals arrive. ``put`` is safe in a signal handler."""

    def put(self, item: object) -> None:
        """Leave an item for whoever takes next."""

    def take(self, until: datetime | None) -> list[object]:
        """Wait for at least one item, ``until``, or the clock's own patience (200 ms), and give
        all that is there; the only place that waits."""


class Clock(Protocol):
    """The only source of the time."""

    def now(self) -> datetime:
        """Aware UTC."""

    def machine(self, moment: datetime) -> datetime:
        """Give what the machine's own clock shows at a moment of this one."""

    def inbox(self) -> Inbox:
        """Make a new one, woken by this clock."""

    def working(self) -> AbstractContextManager[None]:
        """Time may not jump while somebody is in here."""
