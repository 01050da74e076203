"""
The one loop: fold, decide, start, cancel, wait, append.

Everything that takes time happens on worker threads; the coordinator is the only one that writes
what happened. See ``process.py`` for what a kind of execution must provide.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from cicd.engine.codec import encode_and_keep
from cicd.engine.outcome import outcome_of
from cicd.engine.process import Outcome, Scope
from cicd.engine.workers import Workers
from cicd.errors import Conflict
from cicd.event import JSON, Event, EventKind
from cicd.ports import CancelToken
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cicd.engine.process import Command, Effects, Process
    from cicd.ports import Clock, EventLog

S = TypeVar("S")

RETRY = "retry"  # the one signal that opens an execution again that was over
FAREWELL = timedelta(seconds=10)  # what workers get when the coordinator itself must leave


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """A worker's message to its coordinator."""

    key: str
    outcome: JSON


def drive(
    process: Process[S],
    effects: Effects,
    *,
    stream: str,
    log: EventLog,
    clock: Clock,
    cancel: CancelToken,
    jobs: int,
    on_event: Callable[[Event], None] | None = None,
    on_fold: Callable[[S, Event, S], None] | None = None,
) -> str:
    """
    Carry an execution to its end, and return its final status.

    A stream that already has events is resumed: commands that started and did not finish go to
    ``effects.recover``. One that is already concluded gives its status at once.
    May be called on a worker of another execution.

    Args:
        process: The rules; pure.
        effects: The hands; closed before this returns, whatever happens.
        stream: What to drive. Nobody else may drive it at the same time.
        log: Where the stream is.
        clock: The time.
        cancel: The caller's wish to stop: noted once as SIGNALLED ``{"signal": "stop",
            "reason": …}``, on which ``process`` decides. "KILLED" also cancels, without grace,
            all that runs at that moment; what is started later, to clean up, runs.
        jobs: Commands at once, at least 1.
        on_event: Called with each event of the stream, in order, as it is folded; when resuming
            also with the earlier ones.
        on_fold: The same, with the states before and after the event, so that who wants them
            need not fold once more.

    """
    with clock.working():
        try:
            return _Drive(
                process, effects, stream, log, clock, cancel, jobs, on_event, on_fold
            ).run()
        finally:
            effects.close()


class _Drive(Generic[S]):
    """One call of ``drive``. Every attribute belongs to the coordinator's thread."""

    def __init__(
        self,
        process: Process[S],
        effects: Effects,
        stream: str,
        log: EventLog,
        clock: Clock,
        cancel: CancelToken,
        jobs: int,
        on_event: Callable[[Event], None] | None,
        on_fold: Callable[[S, Event, S], None] | None,
    ) -> None:
        self._process = process
        self._effects = effects
        self._stream = stream
        self._log = log
        self._clock = clock
        self._cancel = cancel
        self._jobs = jobs
        self._on_event = on_event
        self._on_fold = on_fold
        self._inbox = clock.inbox()
        self._coordinator = threading.get_ident()
        self._appending = False
        self._asked_to_stop = False
        self._killed = False
        self._running: dict[str, CancelToken] = {}
        self._workers = Workers(stream)
        self._state = process.initial()
        self._version = 0
        self._status: str | None = None

    def run(self) -> str:
        unsubscribe = self._log.subscribe(self._appended)
        self._cancel.on_cancel(lambda: self._inbox.put(None))
        try:
            self._catch_up()
            if self._status is None:
                for command in self._process.in_flight(self._state):
                    self._spawn(self._effects.recover, command)
            while self._status is None:
                self._step()
            return self._status
        finally:
            unsubscribe()
            self._abandon()
            self._workers.close()

    def _step(self) -> None:
        self._obey_caller()
        decision = self._process.decide(self._state, self._clock.now())
        for wish in decision.cancel:
            if wish.key in self._running:
                self._running[wish.key].cancel(wish.reason)
        if decision.start and len(self._running) < self._jobs:
            self._start(decision.start)
        elif decision.conclude is not None and not self._running:
            self._append(self._event(EventKind.CONCLUDED, {"status": decision.conclude}))
        else:
            self._receive(decision.wake_at)

    def _obey_caller(self) -> None:
        reason = self._cancel.reason
        if reason is None:
            return
        if not self._asked_to_stop:
            self._asked_to_stop = True
            self._insist(self._event(EventKind.SIGNALLED, {"signal": "stop", "reason": reason}))
        if reason == "KILLED" and not self._killed:
            self._killed = True
            for token in self._running.values():
                token.cancel(reason)

    def _start(
        self, wanted: Sequence[Command], *, after: Sequence[Event] = (), folded: Sequence[S] = ()
    ) -> bool:
        """
        Begin as many commands as may run at once, ``after`` being written with their beginning.

        ``folded`` are the states after each of ``after``.

        False when somebody else wrote first, which may change the decision: nothing is done then.
        """
        commands = wanted[: max(0, self._jobs - len(self._running))]
        now = after[-1].at if after else self._clock.now()
        started = [
            self._event(
                EventKind.STARTED, {"command": encode_and_keep(command)}, command.key, at=now
            )
            for command in commands
        ]
        if not self._append(*after, *started, folded=folded):  # durable before it begins
            return False
        for command in commands:
            self._spawn(self._effects.perform, command)
        return True

    def _receive(self, until: datetime | None) -> None:
        items = self._inbox.take(until)
        finished = [item for item in items if isinstance(item, _Finished)]
        for item in finished:
            del self._running[item.key]
        if finished:
            now = self._clock.now()
            self._conclude_and_follow(
                [
                    self._event(EventKind.FINISHED, {"outcome": item.outcome}, item.key, at=now)
                    for item in finished
                ]
            )
        else:
            self._catch_up()  # what others signalled meanwhile

    def _conclude_and_follow(self, ended: Sequence[Event]) -> None:
        """Write what ended together with what begins because of it: one transaction, not two."""
        state, folded = self._state, []
        for event in ended:
            state = self._process.apply(state, event)
            folded.append(state)
        stopping = self._cancel.reason is not None
        decision = self._process.decide(state, ended[-1].at)
        if (
            stopping
            or decision.cancel
            or not self._start(decision.start, after=ended, folded=folded)
        ):
            self._insist(*ended)

    # ── The stream ────────────────────────────────────────────────────────────────────────────

    def _event(
        self,
        kind: EventKind,
        data: dict[str, JSON],
        key: str = "",
        *,
        at: datetime | None = None,
    ) -> Event:
        return Event(kind=kind, at=at or self._clock.now(), key=key, data=data)

    def _append(self, *events: Event, folded: Sequence[S] = ()) -> bool:
        self._appending = True
        try:
            self._log.append(self._stream, events, expected=self._version)
        except Conflict:
            self._catch_up()
            return False
        finally:
            self._appending = False
        # At the version that was expected: nobody else has written, so nothing need be read.
        for place, (version, event) in enumerate(enumerate(events, self._version + 1)):
            self._fold(version, event, folded[place] if place < len(folded) else None)
        return True

    def _insist(self, *events: Event) -> None:
        """Append facts, which stay true whatever others wrote meanwhile."""
        while self._status is None and not self._append(*events):
            pass

    def _catch_up(self) -> None:
        for version, event in self._log.read(self._stream, after=self._version):
            self._fold(version, event)

    def _fold(self, version: int, event: Event, after: S | None = None) -> None:
        before = self._state
        self._state = self._process.apply(before, event) if after is None else after
        self._version = version
        if event.kind is EventKind.CONCLUDED:
            self._status = str(event.data["status"])
        elif event.kind is EventKind.SIGNALLED and event.data.get("signal") == RETRY:
            self._status = None
        if self._on_event is not None:
            self._on_event(event)
        if self._on_fold is not None:
            self._on_fold(before, event, self._state)

    def _appended(self, stream: str) -> None:
        # Runs on the appender's thread. Our own appends are read back anyway.
        ours = self._appending and threading.get_ident() == self._coordinator
        if stream == self._stream and not ours:
            self._inbox.put(None)

    # ── Workers ───────────────────────────────────────────────────────────────────────────────

    def _spawn(self, work: Callable[[Command, Scope], Outcome], command: Command) -> None:
        if command.key in self._running:
            raise RuntimeError(f"'{command.key}' of {self._stream} is running already")
        scope = Scope(stream=self._stream, key=command.key, cancel=CancelToken())
        # Booked before its thread knows, else a virtual clock could jump in between.
        booking = self._clock.working()
        self._workers.do(
            lambda: self._work(booking, work, command, scope), busy=len(self._running)
        )
        self._running[command.key] = scope.cancel

    def _work(
        self,
        booking: AbstractContextManager[None],
        work: Callable[[Command, Scope], Outcome],
        command: Command,
        scope: Scope,
    ) -> None:
        with booking:
            outcome = outcome_of(work, command, scope)
            self._inbox.put(_Finished(key=scope.key, outcome=outcome))

    def _abandon(self) -> None:
        """End what still runs because the coordinator must leave: its outcomes are lost, and a
        resume asks ``recover`` about them."""
        for token in self._running.values():
            token.cancel("KILLED")
        until = self._clock.now() + FAREWELL
        while self._running and self._clock.now() < until:
            for item in self._inbox.take(until):
                if isinstance(item, _Finished):
                    self._running.pop(item.key)
