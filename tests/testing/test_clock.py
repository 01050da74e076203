from __future__ import annotations

import threading
from datetime import timedelta

import pytest

import cicd.testing.clock
from cicd.engine.loop import drive
from cicd.ports import CancelToken
from cicd.testing.clock import START, VirtualClock
from cicd.testing.fakes import MemoryEventLog, counting_ids
from tests.engine.toy import DONE, Plan, ToyEffects, ToyProcess, submitted

SECOND = timedelta(seconds=1)


def at_once(clock, *actions):
    """Carry out each on a worker, as the loop would, and wait for them."""

    def work(booking, action):
        with booking:
            action()

    with clock.working():
        threads = [threading.Thread(target=work, args=(clock.working(), a)) for a in actions]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_time_stands_still_while_somebody_works():
    clock = VirtualClock()
    with clock.working():
        assert [START, START] == [clock.now(), clock.now()]


def test_time_jumps_to_the_earliest_moment_somebody_waits_for():
    clock = VirtualClock()
    woken = []

    def sleeper(seconds):
        def act():
            clock.sleep(seconds * SECOND)
            woken.append((seconds, clock.now() - START))

        return act

    at_once(clock, sleeper(3600), sleeper(5), sleeper(60))
    assert [(n, n * SECOND) for n in (5, 60, 3600)] == woken


def test_an_item_wakes_who_waits_without_moving_time():
    clock = VirtualClock()
    inbox = clock.inbox()
    taken = []

    def take():
        taken.append((inbox.take(START + 9 * SECOND), clock.now()))

    at_once(clock, take, lambda: inbox.put("x"))
    assert [(["x"], START)] == taken


def test_a_moment_that_has_come_gives_what_is_there_at_once():
    clock = VirtualClock()
    inbox = clock.inbox()
    assert [] == inbox.take(START)
    inbox.put(1)
    inbox.put(2)
    assert [1, 2] == inbox.take(START)
    assert START == clock.now()


def test_a_thread_outside_may_sleep_and_time_moves():
    clock = VirtualClock()
    assert clock.sleep(SECOND) is None
    assert START + SECOND == clock.now()


def test_a_sleep_ends_with_its_token():
    clock = VirtualClock()
    token = CancelToken()
    clock.call_at(START + 3 * SECOND, lambda: token.cancel("STOPPED"))
    with clock.working():
        assert "STOPPED" == clock.sleep(9 * SECOND, token)
        assert START + 3 * SECOND == clock.now()
        assert "STOPPED" == clock.sleep(9 * SECOND, token)
        assert START + 3 * SECOND == clock.now()


def test_actions_happen_in_the_order_of_their_moments():
    clock = VirtualClock()
    done = []
    for seconds in (7, 2, 2, 5):
        clock.call_at(START + seconds * SECOND, lambda: done.append(clock.now() - START))
    with clock.working():
        clock.sleep(6 * SECOND)
        assert [2 * SECOND, 2 * SECOND, 5 * SECOND] == done
        clock.sleep(6 * SECOND)
        assert [2 * SECOND, 2 * SECOND, 5 * SECOND, 7 * SECOND] == done


def test_workers_take_turns_in_the_order_they_were_booked():
    clock = VirtualClock()
    new_id = counting_ids()
    ids = {}

    def worker(name):
        def act():
            for step in range(20):
                ids[name, step] = new_id()
                clock.sleep(SECOND)

        return act

    at_once(clock, *(worker(name) for name in "abc"))
    again = counting_ids()
    assert {(name, step): again() for step in range(20) for name in "abc"} == ids


def test_a_booked_worker_counts_before_its_thread_exists():
    clock = VirtualClock()
    order = []

    def work(booking):
        with booking:
            order.append(("worker", clock.now()))

    with clock.working():
        thread = threading.Thread(target=work, args=(clock.working(),))
        threading.Timer(0.05, thread.start).start()
        clock.sleep(SECOND)
        order.append(("coordinator", clock.now()))
    thread.join()
    assert [("worker", START), ("coordinator", START + SECOND)] == order


def test_a_thread_that_waits_for_something_else_gets_company(monkeypatch):
    monkeypatch.setattr(cicd.testing.clock, "PATIENCE", 0.05)
    clock = VirtualClock()
    happened = threading.Event()
    at_once(clock, lambda: happened.wait(10), happened.set)
    assert happened.is_set()


def test_a_wait_that_nobody_can_end_is_said_to_be_one(monkeypatch):
    monkeypatch.setattr(cicd.testing.clock, "STUCK", 0.05)
    with pytest.raises(RuntimeError, match="everybody waits"):
        VirtualClock().inbox().take(None)


def nested_run():
    """A parent whose steps drive children, all of which draw ids and log into one log."""
    clock = VirtualClock()
    log = MemoryEventLog()
    new_id = counting_ids()
    plan = Plan(needs={"a": (), "b": (), "c": ("a",)})

    def child(scope):
        stream = f"child/{new_id()}"
        log.append(stream, (submitted(plan, clock.now()),), expected=0)
        effects = ToyEffects(clock, takes={"a": 2 * SECOND, "b": 2 * SECOND})
        drive(
            ToyProcess(),
            effects,
            stream=stream,
            log=log,
            clock=clock,
            cancel=scope.cancel,
            jobs=2,
        )
        return DONE

    order = []
    log.subscribe(lambda stream: order.append((stream, clock.now(), len(log.read(stream)))))
    log.append("parent", (submitted(plan),), expected=0)
    drive(
        ToyProcess(),
        ToyEffects(clock, does=dict.fromkeys("abc", child)),
        stream="parent",
        log=log,
        clock=clock,
        cancel=CancelToken(),
        jobs=4,
    )
    streams = ("parent", *(f"child/00000000-0000-4000-8000-{n:012}" for n in (1, 2, 3)))
    return order, [log.read(stream) for stream in streams]


def test_nested_and_parallel_runs_are_the_same_every_time():
    first = nested_run()
    assert 10 == len(first[1][3])
    for _ in range(15):
        assert first == nested_run()
