"""
What each adapter of ``ports.EventLog`` promises, as tests: subclass, and give the one fixture.

    class TestMemoryEventLog(EventLogContract):
        @pytest.fixture
        def log(self) -> EventLog:
            return MemoryEventLog()
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from cicd.errors import Conflict
from cicd.event import JSON, Event, EventKind
from cicd.testing.contracts_asking import AT, at_once, raised

if TYPE_CHECKING:
    from cicd.ports import EventLog


def _event(number: int = 0, data: dict[str, JSON] | None = None) -> Event:
    at = AT + timedelta(microseconds=number)
    return Event(kind=EventKind.STARTED, at=at, key=f"k/{number}", data=data or {})


class EventLogContract:
    """Promises of an ``EventLog``; the fixture ``log`` is an empty one."""

    def test_what_was_appended_is_read_in_order_with_versions_from_one(
        self, log: EventLog
    ) -> None:
        """Across appends of several events."""
        assert log.append("a/b:1", (_event(1), _event(2)), expected=0) == 2
        assert log.append("a/b:1", (_event(3),), expected=2) == 3
        assert log.read("a/b:1") == [(1, _event(1)), (2, _event(2)), (3, _event(3))]

    def test_reading_after_a_version_gives_the_rest(self, log: EventLog) -> None:
        """Also when that is nothing."""
        log.append("s", (_event(1), _event(2)), expected=0)
        assert log.read("s", after=1) == [(2, _event(2))]
        assert log.read("s", after=2) == []

    def test_an_unknown_stream_is_empty(self, log: EventLog) -> None:
        """And no other stream's events are in it."""
        log.append("s", (_event(),), expected=0)
        assert log.read("t") == []

    def test_all_of_an_event_survives(self, log: EventLog) -> None:
        """Kinds, microseconds, any JSON and any text."""
        data: dict[str, JSON] = {
            "deep": {"list": [1, 2.5, None, True, {"a": "b"}]},
            "text": "é \u2028 \x00 \x1b[1m \U0001f600 \ud800",
            "": "",
        }
        events = [
            Event(kind=kind, at=AT, key=f"\n{kind}", data=data if number else {})
            for number, kind in enumerate(EventKind)
        ]
        log.append("s", events, expected=0)
        assert [event for _, event in log.read("s")] == events

    def test_another_version_than_expected_is_a_conflict_and_writes_nothing(
        self, log: EventLog
    ) -> None:
        """Too low or too high."""
        log.append("s", (_event(1),), expected=0)
        for expected in (0, 2):
            events = (_event(8), _event(9))
            raised(Conflict, partial(log.append, "s", events, expected=expected))
        assert log.read("s") == [(1, _event(1))]

    def test_of_many_writers_each_version_goes_to_one(self, log: EventLog) -> None:
        """The uniqueness of (stream, version) is the lock."""

        def write(writer: int) -> None:
            for number in range(10):
                while True:
                    try:
                        version = len(log.read("s"))
                        log.append("s", (_event(writer * 100 + number),), expected=version)
                        break
                    except Conflict:
                        continue

        at_once([partial(write, writer) for writer in range(4)])
        read = log.read("s")
        assert [version for version, _ in read] == list(range(1, 41))
        assert len({event.key for _, event in read}) == 40

    def test_subscribers_hear_of_each_append_until_they_leave(self, log: EventLog) -> None:
        """After it can be read; leaving twice does no harm."""
        heard: list[tuple[str, int]] = []
        leave = log.subscribe(lambda stream: heard.append((stream, len(log.read(stream)))))
        log.append("s", (_event(1), _event(2)), expected=0)
        log.append("t", (_event(3),), expected=0)
        raised(Conflict, lambda: log.append("t", (_event(4),), expected=0))
        leave()
        leave()
        log.append("s", (_event(5),), expected=2)
        assert heard == [("s", 2), ("t", 1)]

    def test_a_subscriber_may_append(self, log: EventLog) -> None:
        """No lock is held while it is called."""

        def answer(stream: str) -> None:
            if stream == "question":
                log.append("answer", (_event(),), expected=0)

        log.subscribe(answer)
        log.append("question", (_event(),), expected=0)
        assert log.read("answer") == [(1, _event())]
