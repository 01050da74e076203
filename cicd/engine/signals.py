"""How anybody asks an execution for something: one event into its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import Conflict
from cicd.event import JSON, Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.ports import Clock, EventLog


def send(log: EventLog, clock: Clock, stream: str, signal: str, **data: JSON) -> int:
    """
    Append a SIGNALLED event, and return its version.

    Works from any process and thread; whoever drives the stream sees it within the clock's
    patience. Whether anybody drives it, and whether the signal makes sense now, is not asked here.
    """
    return send_after(0, log, clock, stream, {"signal": signal, **data})


def send_after(
    known: int, log: EventLog, clock: Clock, stream: str, data: Mapping[str, JSON]
) -> int:
    """Do the same for a stream that has reached the version ``known``, without reading so far."""
    version = known
    while True:
        version = max((v for v, _ in log.read(stream, after=version)), default=version)
        event = Event(kind=EventKind.SIGNALLED, at=clock.now(), data=data)
        try:
            return log.append(stream, (event,), expected=version)
        except Conflict:
            continue
