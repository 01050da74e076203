"""
Time that moves only when nobody works, and threads that take turns.

With this clock a run is the same on every machine, to the byte: one thread runs at a time, in
an order that depends on nothing but the run itself, and when all of them wait, time jumps to the
earliest moment that one of them waits for.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from cicd.ports import CancelToken

START = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)

# In real seconds. A thread that holds the turn this long while it waits for something this clock
# does not know of (a process, an event) gets company, so that a test becomes slow, not stuck.
PATIENCE = 1.0
# In real seconds. When everybody waits and no moment is set, only a thread from outside could
# help; after this long none will.
STUCK = 10.0


class VirtualClock:
    """
    A ``Clock`` for tests.

    Whoever works is inside ``working`` (the loop and its workers are); other threads may look at
    the time, put into inboxes and wait, but time does not wait for them.
    An effect that takes virtual time calls ``sleep``.
    """

    def __init__(self, start: datetime = START) -> None:
        """Begin at ``start``, which is aware."""
        self._turns = _Turns(start)

    def now(self) -> datetime:
        """Give the virtual time."""
        return self._turns.now

    def machine(self, moment: datetime) -> datetime:
        """Give the same moment: there is no other clock."""
        return moment

    def inbox(self) -> VirtualInbox:
        """Make an inbox that waits in virtual time."""
        return VirtualInbox(self._turns)

    def working(self) -> AbstractContextManager[None]:
        """Book a turn: it counts from this call to the end of the context, on any thread."""
        return self._turns.entered(self._turns.book())

    def sleep(self, duration: timedelta, cancel: CancelToken | None = None) -> str | None:
        """Wait in virtual time; give the token's reason as soon as it has one, else None."""
        until = self.now() + duration
        inbox = self.inbox()
        if cancel is not None:
            cancel.on_cancel(lambda: inbox.put(None))
        while self.now() < until and (cancel is None or cancel.reason is None):
            inbox.take(until)
        return None if cancel is None else cancel.reason

    def call_at(self, when: datetime, action: Callable[[], None]) -> None:
        """
        Do ``action`` once, on a thread of its own, when time comes to ``when``.

        Time moves only while somebody waits, so nothing happens before a run begins or after it
        has ended.
        """
        self._turns.plan(when, action)


class VirtualInbox:
    """An ``Inbox`` of a ``VirtualClock``. Has no patience of its own: it waits for ``until``."""

    def __init__(self, turns: _Turns) -> None:
        self._turns = turns
        self._items: list[object] = []
        self._waiting: _Turn | None = None

    def put(self, item: object) -> None:
        """Add an item, and wake who waits."""
        with self._turns.changed:
            self._items.append(item)
            if self._waiting is not None:
                self._turns.wake(self._waiting)

    def take(self, until: datetime | None) -> list[object]:
        """
        Wait for an item or ``until``, and give all that is there.

        Raises ``RuntimeError`` when nothing can ever happen.
        """
        with self._turns.taking_part() as turn, self._turns.changed:
            if not self._items and (until is None or until > self._turns.now):
                self._waiting = turn
                try:
                    self._turns.wait(turn, until)
                finally:
                    self._waiting = None
            items, self._items = self._items, []
            return items


class _State(Enum):
    READY = auto()  # wants the turn
    RUNNING = auto()
    WAITING = auto()


class _Turn:
    """One thread that works, or is booked to."""

    def __init__(self) -> None:
        self.state = _State.READY
        self.depth = 0  # contexts its thread is in
        self.until: datetime | None = None  # while waiting


class _Turns:
    """Who may run, and what time it is. Everything below happens under ``changed``."""

    def __init__(self, start: datetime) -> None:
        self.changed = threading.Condition()
        self.now = start
        self._turns: list[_Turn] = []  # in the order of their coming, or of their last wait
        self._plans: list[tuple[datetime, Callable[[], None]]] = []
        self._thread = threading.local()

    def book(self) -> _Turn:
        """Make a turn that counts from now on."""
        with self.changed:
            turn = _Turn()
            self._turns.append(turn)
            self._schedule()
            return turn

    @contextmanager
    def entered(self, turn: _Turn) -> Iterator[None]:
        """Be the thread of ``turn``; or go on with the turn that this thread has already."""
        with self.changed:
            own = self._own()
            if own is not None:
                self._leave(turn)
            else:
                self._thread.turn = own = turn
                self._await(turn)
            own.depth += 1
        try:
            yield
        finally:
            with self.changed:
                own.depth -= 1
                if own.depth == 0:
                    self._thread.turn = None
                    self._leave(own)

    @contextmanager
    def taking_part(self) -> Iterator[_Turn]:
        """Give this thread's turn; a thread without one gets one for a while."""
        with self.entered(self.book()):
            own = self._own()
            assert own is not None
            yield own

    def plan(self, when: datetime, action: Callable[[], None]) -> None:
        """Note an action for later."""
        with self.changed:
            self._plans.append((when, action))

    def wait(self, turn: _Turn, until: datetime | None) -> None:
        """Hand the turn on; return at ``until``, or after ``wake``."""
        turn.state, turn.until = _State.WAITING, until
        self._turns.remove(turn)
        self._turns.append(turn)
        self._schedule()
        self._await(turn)

    def wake(self, turn: _Turn) -> None:
        """Let a waiting turn have its go."""
        if turn.state is _State.WAITING:
            turn.state = _State.READY
            self._schedule()

    def _own(self) -> _Turn | None:
        own: _Turn | None = getattr(self._thread, "turn", None)
        return own

    def _leave(self, turn: _Turn) -> None:
        self._turns.remove(turn)
        self._schedule()

    def _await(self, turn: _Turn) -> None:
        while turn.state is not _State.RUNNING:
            ready = turn.state is _State.READY
            if self.changed.wait(PATIENCE if ready else STUCK):
                continue
            if turn.state is _State.READY:
                turn.state = _State.RUNNING
            elif all(other.state is _State.WAITING for other in self._turns):
                turn.state = _State.RUNNING
                raise RuntimeError("everybody waits, and nobody has set a moment to go on")

    def _schedule(self) -> None:
        """Give the turn to whoever is next; if there is nobody, let time jump."""
        while not any(turn.state is _State.RUNNING for turn in self._turns):
            ready = [turn for turn in self._turns if turn.state is _State.READY]
            if ready:
                ready[0].state = _State.RUNNING
            elif not self._jump():
                break
        self.changed.notify_all()

    def _jump(self) -> bool:
        waiting = list(self._turns)
        moments = [turn.until for turn in waiting if turn.until is not None]
        moments += [when for when, _ in self._plans]
        if not waiting or not moments:
            return False
        self.now = max(self.now, min(moments))
        for turn in waiting:
            if turn.until is not None and turn.until <= self.now:
                turn.state = _State.READY
        for plan in sorted(self._plans, key=lambda plan: plan[0]):
            if plan[0] <= self.now:
                self._plans.remove(plan)
                self._turns.append(self._begin(plan[1]))
        return True

    def _begin(self, action: Callable[[], None]) -> _Turn:
        turn = _Turn()

        def run() -> None:
            with self.entered(turn):
                action()

        threading.Thread(target=run, daemon=True).start()
        return turn
