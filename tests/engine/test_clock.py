from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from cicd.engine import clock as clock_module
from cicd.engine.clock import ScaledClock, SystemClock

HOUR = timedelta(hours=1)


@pytest.fixture(params=[SystemClock, lambda: ScaledClock(60)])
def clock(request):
    return request.param()


def test_the_time_is_aware_utc_and_moves(clock):
    first = clock.now()
    assert UTC == first.tzinfo
    assert first <= clock.now()


def test_an_inbox_gives_all_that_is_there_in_order(clock):
    inbox = clock.inbox()
    for item in (1, 2, 3):
        inbox.put(item)
    assert [1, 2, 3] == inbox.take(None)


def test_an_inbox_gives_up_after_a_moment_so_that_others_events_are_seen(clock):
    assert [] == clock.inbox().take(None)
    assert [] == clock.inbox().take(clock.now() + HOUR)


def test_a_moment_that_has_passed_is_not_waited_for_but_items_are_given(clock):
    inbox = clock.inbox()
    assert [] == inbox.take(clock.now() - HOUR)
    inbox.put("x")
    assert ["x"] == inbox.take(clock.now() - HOUR)


def test_an_item_from_another_thread_wakes(clock):
    inbox = clock.inbox()
    threading.Timer(0.02, inbox.put, ["x"]).start()
    taken = []
    while not taken:
        taken = inbox.take(None)
    assert ["x"] == taken


def test_scaled_time_runs_ahead():
    clock = ScaledClock(3600)
    until = clock.now() + timedelta(minutes=3)
    while clock.now() < until:
        clock.inbox().take(until)
    assert datetime.now(UTC) < clock.now()


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_who_sets_the_machines_clock_makes_nothing_late_or_early(jump, monkeypatch):
    clock = SystemClock()
    until = clock.now() + HOUR / 2

    class Set(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + jump

    monkeypatch.setattr(clock_module, "datetime", Set)
    assert HOUR / 4 < until - clock.now() <= HOUR / 2
    assert [] == clock.inbox().take(until)
    assert abs(clock.machine(until) - until - jump) < HOUR / 60
    assert abs(SystemClock().now() - clock.now() - jump) < HOUR / 60


def test_working_does_nothing(clock):
    with clock.working(), clock.working():
        pass
