"""A process carried to its end on a clock that jumps: what a run would write, before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cicd.engine.codec import encode
from cicd.event import JSON, Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from cicd.engine.process import Command, Outcome, Process

S = TypeVar("S")


def rehearse(
    process: Process[S],
    plan: JSON,
    *,
    start: datetime,
    jobs: int,
    perform: Callable[[Command], tuple[timedelta, Outcome] | None],
) -> tuple[Event, ...]:
    """
    Give the events of a run in which each command takes as long, and ends, as ``perform`` says.

    Args:
        process: The rules; the very ones that a run obeys.
        plan: Written with the first event.
        start: When it begins.
        jobs: Commands at once, at least 1.
        perform: How long a command takes, and its outcome; None: it ends only when the process
            asks for its end.

    """
    events = [Event(kind=EventKind.SUBMITTED, at=start, data={"plan": plan})]
    state = process.apply(process.initial(), events[0])
    running: dict[str, tuple[datetime, Outcome] | None] = {}
    now = start

    def write(kind: EventKind, data: dict[str, JSON], key: str = "") -> None:
        nonlocal state
        events.append(Event(kind=kind, at=now, key=key, data=data))
        state = process.apply(state, events[-1])

    while True:
        decision = process.decide(state, now)
        for wish in decision.cancel:
            # Whatever else it is, it is over when asked.
            if running.get(wish.key, now) is None:
                del running[wish.key]
                write(EventKind.FINISHED, {"outcome": _cancelled(wish.reason)}, wish.key)
        startable = decision.start[: max(0, jobs - len(running))]
        for command in startable:
            write(EventKind.STARTED, {"command": encode(command)}, command.key)
            performed = perform(command)
            running[command.key] = (
                None if performed is None else (now + performed[0], performed[1])
            )
        if startable:
            continue
        if decision.conclude is not None and not running:
            write(EventKind.CONCLUDED, {"status": decision.conclude})
            return tuple(events)
        ends = [end[0] for end in running.values() if end is not None]
        moments = ends + ([] if decision.wake_at is None else [decision.wake_at])
        if not moments:
            if decision.cancel:
                continue
            raise RuntimeError(f"{', '.join(running) or 'nothing'} is waited for, for ever")
        now = max(now, min(moments))
        for key, end in tuple(running.items()):
            if end is not None and end[0] <= now:
                del running[key]
                write(EventKind.FINISHED, {"outcome": encode(end[1])}, key)


def _cancelled(reason: str) -> JSON:
    from cicd.engine.process import Outcome, OutcomeStatus

    return encode(Outcome(status=OutcomeStatus.CANCELLED, reason=reason))
