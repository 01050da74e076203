"""The seam to the log of events, which is what an execution is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.event import Event


class EventLog(Protocol):
    """Append-only streams; the uniqueness of (stream, version) is the lock."""

    def append(self, stream: str, events: Sequence[Event], *, expected: int) -> int:
        """Write all or nothing and return the new version; ``expected`` is the current one
        (0 for a new stream); raises ``Conflict`` when it is not."""

    def read(self, stream: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """Give (version, event) pairs above ``after``, in order."""

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with the stream after each append of this process; returns the undoing."""
