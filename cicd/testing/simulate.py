"""
Explore a ``Process`` without threads: one seed is one life of an execution.

Outcomes, delays, crashes of the driver, stops and the number of jobs are random; what must hold
for every process, whatever its rules, is asserted on the way. What must hold for one kind is
for its tests to ask of the ``Trace``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Generic, TypeVar

from cicd.engine.codec import encode
from cicd.engine.process import Cancel, Command, Outcome, OutcomeStatus, Process
from cicd.event import JSON, Event, EventKind
from cicd.record import dataclass
from cicd.testing.clock import START

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

S = TypeVar("S")

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (0, 0, 1, 30, 300, 3600, 90000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What happened in one life."""

    events: tuple[Event, ...]
    status: str
    crashes: int

    @property
    def started(self) -> tuple[str, ...]:
        """The keys of the commands that were started, in order."""
        return _started(self.events)

    @property
    def started_after_stop(self) -> tuple[str, ...]:
        """The keys of those that were started after the first "stop"; () without one."""
        for position, event in enumerate(self.events):
            if event.kind is EventKind.SIGNALLED and event.data["signal"] == "stop":
                return _started(self.events[position:])
        return ()


def usually_done(_command: Command, random: Random) -> Outcome:
    """DONE eight times in ten, else FAILED or FAULT, without detail."""
    statuses = (OutcomeStatus.DONE, OutcomeStatus.FAILED, OutcomeStatus.FAULT)
    return Outcome(status=random.choices(statuses, weights=(8, 1, 1))[0])


def any_delay(_command: Command, random: Random) -> timedelta:
    """Nothing at all, up to more than a day."""
    return random.choice(DELAYS)


def simulate(
    process: Process[S],
    plan: JSON,
    *,
    seed: int,
    outcome: Callable[[Command, Random], Outcome] = usually_done,
    delay: Callable[[Command, Random], timedelta] = any_delay,
    stop: float = 0.0,
    crash: float = 0.0,
    signals: Sequence[tuple[timedelta, Mapping[str, JSON]]] = (),
    limit: int = 5000,
) -> Trace:
    """
    Live one life of ``process`` and tell it.

    Asserted: it concludes within ``limit`` decisions; ``decide`` gives the same answer twice;
    nothing starts twice; it never asks to be woken at once, nor waits for nothing;
    ``in_flight`` gives exactly what runs; folding the whole log again gives the same state.

    Args:
        process: The rules.
        plan: What SUBMITTED carries.
        seed: Everything random comes from it.
        outcome: What becomes of a command that is left alone.
        delay: How long that takes.
        stop: The chance, at each decision, that somebody stops it; once a life.
        crash: The chance, at each decision, that the driver dies and another one takes over;
            what ran is then LOST, or found again.
        signals: Data of SIGNALLED events, and how long after the start they come.
        limit: Decisions.

    """
    return _Life(process, plan, Random(seed), outcome, delay, signals).live(stop, crash, limit)


@dataclass(slots=True, kw_only=True)
class _Running:
    command: Command
    until: datetime
    outcome: Outcome


class _Life(Generic[S]):
    def __init__(
        self,
        process: Process[S],
        plan: JSON,
        random: Random,
        outcome: Callable[[Command, Random], Outcome],
        delay: Callable[[Command, Random], timedelta],
        signals: Sequence[tuple[timedelta, Mapping[str, JSON]]],
    ) -> None:
        self._process = process
        self._random = random
        self._outcome = outcome
        self._delay = delay
        self._jobs = random.randint(1, 8)
        self._now = START
        self._signals = sorted(((START + after, data) for after, data in signals), key=_moment)
        self._state = process.initial()
        self._events: list[Event] = []
        self._running: dict[str, _Running] = {}
        self._append(EventKind.SUBMITTED, {"plan": plan})

    def live(self, stop: float, crash: float, limit: int) -> Trace:
        crashes = 0
        stopped = False
        for _ in range(limit):
            if self._events[-1].kind is EventKind.CONCLUDED:
                status = str(self._events[-1].data["status"])
                return Trace(events=tuple(self._events), status=status, crashes=crashes)
            if not stopped and self._random.random() < stop:
                stopped = True
                self._append(EventKind.SIGNALLED, {"signal": "stop", "reason": "STOPPED"})
            if self._random.random() < crash:
                crashes += 1
                self._crash()
            self._step()
        raise AssertionError(f"no end after {limit} decisions: {self._tail()}")

    def _step(self) -> None:
        decision = self._process.decide(self._state, self._now)
        again = self._process.decide(self._state, self._now)
        assert decision == again, f"decided twice, differently: {decision} {again}"
        for wish in decision.cancel:
            self._cancel(wish)
        startable = decision.start[: max(0, self._jobs - len(self._running))]
        for command in startable:
            self._start(command)
        if startable:
            return
        if decision.conclude is not None and not self._running:
            self._append(EventKind.CONCLUDED, {"status": decision.conclude})
            return
        self._wait(decision.wake_at)

    def _start(self, command: Command) -> None:
        started = _started(self._events)
        assert command.key not in started, f"'{command.key}' starts twice: {self._tail()}"
        self._running[command.key] = self._begun(command)
        self._append(EventKind.STARTED, {"command": encode(command)}, command.key)

    def _begun(self, command: Command) -> _Running:
        return _Running(
            command=command,
            until=self._now + self._delay(command, self._random),
            outcome=self._outcome(command, self._random),
        )

    def _cancel(self, wish: Cancel) -> None:
        running = self._running.get(wish.key)
        if running is None or running.outcome.status is OutcomeStatus.CANCELLED:
            return
        grace = self._now + self._random.choice(DELAYS[:4])
        if grace < running.until:  # else it ends before it notices
            running.until = grace
            running.outcome = Outcome(status=OutcomeStatus.CANCELLED, reason=wish.reason)

    def _wait(self, wake_at: datetime | None) -> None:
        assert wake_at is None or wake_at > self._now, f"woken at once, for ever: {self._tail()}"
        moments = [running.until for running in self._running.values()]
        moments += [when for when, _ in self._signals[:1]]
        moments += [] if wake_at is None else [wake_at]
        assert moments, f"it waits for nothing: {self._tail()}"
        self._now = max(self._now, min(moments))
        if self._signals and self._signals[0][0] <= self._now:
            self._append(EventKind.SIGNALLED, self._signals.pop(0)[1])
        due = [key for key, running in self._running.items() if running.until <= self._now]
        if due:
            key = self._random.choice(due)
            outcome = self._running.pop(key).outcome
            self._append(EventKind.FINISHED, {"outcome": encode(outcome)}, key)

    def _crash(self) -> None:
        self._check_fold()
        for command in self._process.in_flight(self._state):
            running = self._begun(command)
            if self._random.random() < 0.5:
                running.outcome = Outcome(status=OutcomeStatus.LOST)
            self._running[command.key] = running

    def _append(self, kind: EventKind, data: Mapping[str, JSON], key: str = "") -> None:
        event = Event(kind=kind, at=self._now, key=key, data=data)
        self._events.append(event)
        self._state = self._process.apply(self._state, event)
        ran = {key: encode(running.command) for key, running in self._running.items()}
        said = {c.key: encode(c) for c in self._process.in_flight(self._state)}
        assert ran == said, f"in flight are {list(ran)}, not {list(said)}: {self._tail()}"
        if kind is EventKind.CONCLUDED:
            self._check_fold()

    def _check_fold(self) -> None:
        state = self._process.initial()
        for event in self._events:
            state = self._process.apply(state, event)
        assert state == self._state, f"folding again gives another state: {self._tail()}"

    def _tail(self) -> str:
        return " ".join(f"{event.kind} {event.key}".strip() for event in self._events[-12:])


def _moment(signal: tuple[datetime, Mapping[str, JSON]]) -> datetime:
    return signal[0]


def _started(events: Sequence[Event]) -> tuple[str, ...]:
    return tuple(event.key for event in events if event.kind is EventKind.STARTED)
