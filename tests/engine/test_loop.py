from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.clock import SystemClock
from cicd.engine.loop import drive
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.signals import send
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind
from cicd.ports import CancelToken
from cicd.testing.clock import START, VirtualClock
from cicd.testing.fakes import MemoryEventLog
from tests.engine.toy import CLEANUP, DONE, Plan, ToyEffects, ToyProcess, submitted

MINUTE = timedelta(minutes=1)
CHAIN = Plan(needs={"a": (), "b": ("a",), "c": ("b",)})
WIDE = Plan(needs={"a": (), "b": (), "c": (), "d": ("a", "b", "c")})


class Run:
    """One stream, with everything around it."""

    def __init__(self, plan=CHAIN, takes=None, does=None, log=None, clock=None):
        self.clock = clock or VirtualClock()
        self.log = log or MemoryEventLog()
        self.cancel = CancelToken()
        self.effects = ToyEffects(self.clock, takes, does)
        self.seen: list[Event] = []
        if not self.log.read("s"):
            self.log.append("s", (submitted(plan),), expected=0)

    def drive(self, process=None, jobs=8):
        return drive(
            process or ToyProcess(),
            self.effects,
            stream="s",
            log=self.log,
            clock=self.clock,
            cancel=self.cancel,
            jobs=jobs,
            on_event=self.seen.append,
        )

    @property
    def events(self):
        return [event for _, event in self.log.read("s")]

    def written(self):
        return [f"{e.kind.value} {e.key}".strip() for e in self.events]

    def outcome(self, key):
        finished = [e for e in self.events if (e.kind, e.key) == (EventKind.FINISHED, key)]
        assert 1 == len(finished)
        return finished[0].data["outcome"]


def test_an_execution_goes_from_submitted_to_concluded():
    run = Run(Plan(needs={"a": (), "b": ("a",)}))
    assert "SUCCEEDED" == run.drive()
    assert [
        "SUBMITTED",
        "STARTED a",
        "FINISHED a",
        "STARTED b",
        "FINISHED b",
        "STARTED cleanup",
        "FINISHED cleanup",
        "CONCLUDED",
    ] == run.written()
    assert {"status": "SUCCEEDED"} == run.events[-1].data
    assert START + 3 * MINUTE == run.events[-1].at


def test_every_event_is_reported_once_in_order():
    run = Run()
    run.drive()
    assert run.events == run.seen


def test_a_start_is_in_the_log_before_the_worker_begins():
    run = Run(
        does={"a": lambda _: Outcome(status=OutcomeStatus.DONE, detail={"n": len(run.events)})}
    )
    run.drive()
    assert 2 == run.outcome("a")["detail"]["n"]


def test_independent_commands_run_at_the_same_time():
    run = Run(WIDE)
    run.drive()
    assert START + 3 * MINUTE == run.events[-1].at


@pytest.mark.parametrize(("jobs", "minutes"), [(1, 5), (2, 4), (3, 3)])
def test_no_more_commands_run_at_once_than_jobs(jobs, minutes):
    run = Run(WIDE)
    assert "SUCCEEDED" == run.drive(jobs=jobs)
    assert jobs == run.effects.most_at_once
    assert START + minutes * MINUTE == run.events[-1].at


def test_a_failed_command_is_a_result_and_cleanup_still_runs():
    run = Run(does={"a": lambda _: Outcome(status=OutcomeStatus.FAILED, detail={"exit": 2})})
    assert "FAILED" == run.drive()
    assert ["a", CLEANUP] == run.effects.performed


def test_a_timeout_cancels_at_its_moment():
    run = Run(Plan(needs={"a": ()}, timeout=5 * MINUTE), takes={"a": timedelta(hours=9)})
    assert "FAILED" == run.drive()
    assert "TIMED_OUT" == run.outcome("a")["reason"]
    assert START + 6 * MINUTE == run.events[-1].at


def test_a_pause_wakes_at_its_moment():
    run = Run(Plan(needs={"a": ()}, pause=timedelta(days=1)))
    assert "SUCCEEDED" == run.drive()
    assert START + timedelta(days=1, minutes=2) == run.events[-1].at


def test_an_exception_of_ours_becomes_a_fault_with_message_and_hint():
    def refuse(_):
        raise UsageError("there is no such thing", hint="name another one")

    run = Run(does={"a": refuse})
    assert "FAILED" == run.drive()
    assert {
        "message": "there is no such thing",
        "hint": "name another one",
        "exception": "UsageError",
        "exit_code": 2,
    } == run.outcome("a")["detail"]
    assert "FAULT" == run.outcome("a")["status"]


@pytest.mark.parametrize("crash", [ZeroDivisionError("by zero"), SystemExit(3), KeyError()])
def test_any_other_exception_becomes_a_fault_with_its_traceback(crash):
    def break_down(_):
        raise crash

    run = Run(does={"a": break_down})
    assert "FAILED" == run.drive()
    detail = run.outcome("a")["detail"]
    assert type(crash).__name__ == detail["exception"]
    assert "in break_down" in detail["crash"]
    assert "FAULT" == run.outcome("a")["status"]


@pytest.mark.parametrize(
    "nonsense", [None, Outcome(status=OutcomeStatus.DONE, detail={"x": object()})]
)
def test_an_outcome_that_cannot_be_written_becomes_a_fault(nonsense):
    run = Run(does={"a": lambda _: nonsense})
    assert "FAILED" == run.drive()
    assert "FAULT" == run.outcome("a")["status"]


def test_a_stop_from_outside_cancels_and_cleans_up():
    run = Run(takes={"a": timedelta(hours=1)})
    run.clock.call_at(
        START + 7 * MINUTE, lambda: send(run.log, run.clock, "s", "stop", reason="STOPPED")
    )
    assert "STOPPED" == run.drive()
    assert [
        "SUBMITTED",
        "STARTED a",
        "SIGNALLED",
        "FINISHED a",
        "STARTED cleanup",
        "FINISHED cleanup",
        "CONCLUDED",
    ] == run.written()
    assert START + 8 * MINUTE == run.events[-1].at


def test_the_callers_wish_to_stop_is_noted_once_and_decided_upon():
    run = Run(takes={"a": timedelta(hours=1)})
    run.clock.call_at(START + MINUTE, lambda: run.cancel.cancel("STOPPED"))
    assert "STOPPED" == run.drive()
    signals = [event.data for event in run.events if event.kind is EventKind.SIGNALLED]
    assert [{"signal": "stop", "reason": "STOPPED"}] == signals


def test_a_caller_that_wanted_to_stop_before_the_start_gets_cleanup_only():
    run = Run()
    run.cancel.cancel("STOPPED")
    assert "STOPPED" == run.drive()
    assert [CLEANUP] == run.effects.performed


def test_killed_cancels_what_runs_but_not_what_cleans_up():
    run = Run(WIDE, takes={key: timedelta(hours=1) for key in "abc"})
    run.clock.call_at(START + MINUTE, lambda: run.cancel.cancel("KILLED"))
    assert "STOPPED" == run.drive()
    assert ["KILLED"] * 3 == [run.outcome(key)["reason"] for key in "abc"]
    assert "DONE" == run.outcome(CLEANUP)["status"]


def test_killed_after_stopped_reaches_a_command_that_takes_its_time():
    def reluctant(scope):
        while scope.cancel.reason != "KILLED":
            run.clock.sleep(timedelta(seconds=1))
        return Outcome(status=OutcomeStatus.CANCELLED, reason="KILLED")

    run = Run(takes={"a": timedelta()}, does={"a": reluctant})
    run.clock.call_at(START + MINUTE, lambda: run.cancel.cancel("STOPPED"))
    run.clock.call_at(START + 2 * MINUTE, lambda: run.cancel.cancel("KILLED"))
    assert "STOPPED" == run.drive()
    assert 1 == run.written().count("SIGNALLED")
    assert timedelta(minutes=3) <= run.events[-1].at - START <= timedelta(minutes=3, seconds=1)


def test_a_signal_between_read_and_write_is_folded_before_deciding_again():
    class Interrupted(MemoryEventLog):
        """Somebody else is faster, before every start."""

        def append(self, stream, events, *, expected):
            begun = {event.key for event in events if event.kind is EventKind.STARTED}
            if begun - tried:
                tried.update(begun)
                signal = Event(kind=EventKind.SIGNALLED, at=START, data={"signal": "hello"})
                super().append(stream, (signal,), expected=expected)
            return super().append(stream, events, expected=expected)

    tried: set[str] = set()
    run = Run(log=Interrupted())
    assert "SUCCEEDED" == run.drive()
    assert ["a", "b", "c", CLEANUP] == run.effects.performed
    assert 4 == run.written().count("SIGNALLED")


def test_facts_are_written_whatever_others_wrote_meanwhile():
    class Contended(MemoryEventLog):
        def append(self, stream, events, *, expected):
            kind = events[0].kind
            if kind in (EventKind.FINISHED, EventKind.CONCLUDED) and len(tried) < 7:
                tried.append(kind)
                raise Conflict("somebody was faster")
            return super().append(stream, events, expected=expected)

    tried: list[EventKind] = []
    run = Run(log=Contended())
    assert "SUCCEEDED" == run.drive()
    assert 4 == len([e for e in run.events if e.kind is EventKind.FINISHED])


def test_a_concluded_stream_gives_its_status_at_once():
    first = Run()
    first.drive()
    again = Run(log=first.log)
    assert "SUCCEEDED" == again.drive()
    assert [] == again.effects.performed
    assert again.events == again.seen
    assert 1 == again.effects.closed


def test_effects_are_closed_whatever_happens():
    run = Run()
    run.drive()
    assert 1 == run.effects.closed

    class Broken(ToyProcess):
        def decide(self, state, now):
            if state.running:
                raise ZeroDivisionError
            return super().decide(state, now)

    run = Run(takes={"a": timedelta(hours=9)})
    with pytest.raises(ZeroDivisionError):
        run.drive(Broken())
    assert 1 == run.effects.closed


class Interrupted(ToyProcess):
    """Ctrl-C, should nobody have caught it before."""

    def decide(self, state, now):
        if "leave" in state.signals:
            raise KeyboardInterrupt
        return super().decide(state, now)


def leave_after_a_minute(run):
    run.clock.call_at(START + MINUTE, lambda: send(run.log, run.clock, "s", "leave"))
    with pytest.raises(KeyboardInterrupt):
        run.drive(Interrupted())


def test_an_interrupted_coordinator_ends_its_workers_and_leaves_the_stream_resumable():
    reasons = []
    run = Run(takes={"a": timedelta()}, does={"a": lambda s: reasons.append(wait(run, s)) or DONE})
    leave_after_a_minute(run)
    assert ["KILLED"] == reasons
    assert ["SUBMITTED", "STARTED a", "SIGNALLED"] == run.written()
    assert 1 == run.effects.closed
    again = Run(log=run.log)
    assert "SUCCEEDED" == again.drive()
    assert ["a"] == again.effects.recovered


def test_a_worker_that_ignores_its_token_is_waited_for_ten_seconds():
    run = Run(takes={"a": timedelta()}, does={"a": lambda _: run.clock.sleep(timedelta(days=1))})
    leave_after_a_minute(run)
    assert START + MINUTE + timedelta(seconds=10) == run.effects.closed_at
    assert 1 == run.effects.closed


def wait(run, scope):
    return run.clock.sleep(timedelta(hours=9), scope.cancel)


def test_commands_in_flight_are_recovered_on_workers_while_the_loop_decides_on():
    dead = cut(Run(WIDE), "FINISHED a")
    run = Run(log=dead, takes={key: timedelta(hours=9) for key in "abc"})
    run.clock.call_at(
        START + 5 * MINUTE, lambda: send(run.log, run.clock, "s", "stop", reason="STOPPED")
    )
    assert "STOPPED" == run.drive()
    assert ["a", "b", "c"] == run.effects.recovered
    assert [CLEANUP] == run.effects.performed
    assert (
        6 == len([e for e in run.events if e.kind in (EventKind.STARTED, EventKind.FINISHED)]) - 2
    )


def cut(run, before):
    """Drive to the end, and give a log that was cut just before one event."""
    run.drive()
    log = MemoryEventLog()
    log.append("s", run.events[: run.written().index(before)], expected=0)
    return log


def test_a_child_execution_is_driven_on_its_parents_worker():
    def child(scope):
        inner.log.append("child", (submitted(CHAIN, run.clock.now()),), expected=0)
        status = drive(
            ToyProcess(),
            inner,
            stream="child",
            log=inner.log,
            clock=run.clock,
            cancel=scope.cancel,
            jobs=2,
        )
        return Outcome(status=OutcomeStatus.DONE, detail={"status": status})

    run = Run(WIDE, does={"b": child})
    inner = ToyEffects(run.clock)
    inner.log = run.log
    assert "SUCCEEDED" == run.drive()
    assert "SUCCEEDED" == run.outcome("b")["detail"]["status"]
    assert START + 7 * MINUTE == run.events[-1].at


def test_a_stop_of_the_parent_reaches_the_child():
    def child(scope):
        run.log.append("child", (submitted(CHAIN, run.clock.now()),), expected=0)
        status = drive(
            ToyProcess(),
            ToyEffects(run.clock, takes={"a": timedelta(hours=5)}),
            stream="child",
            log=run.log,
            clock=run.clock,
            cancel=scope.cancel,
            jobs=2,
        )
        return Outcome(status=OutcomeStatus.CANCELLED, reason=status)

    run = Run(Plan(needs={"b": ()}), takes={"b": timedelta()}, does={"b": child})
    run.clock.call_at(START + 2 * MINUTE, lambda: run.cancel.cancel("STOPPED"))
    assert "STOPPED" == run.drive()
    assert "STOPPED" == run.outcome("b")["reason"]
    assert START + 4 * MINUTE == run.clock.now()


def test_no_thread_outlives_a_run():
    before = set(threading.enumerate())  # of which some may end meanwhile: an earlier test's
    Run(WIDE).drive()
    begun = set(threading.enumerate()) - before
    for thread in begun:
        thread.join(60)
    assert set() == begun & set(threading.enumerate())


# ── Real time ─────────────────────────────────────────────────────────────────────────────────


class Elsewhere(MemoryEventLog):
    """Appends of another process, which nobody here is told of."""

    def subscribe(self, callback):
        return lambda: None


class Waiting(ToyEffects):
    """Steps that take real time, until they are cancelled."""

    def _work(self, command, scope):
        if command.key == CLEANUP:
            return DONE
        ended = threading.Event()
        scope.cancel.on_cancel(ended.set)
        send(self.log, self.clock, scope.stream, "stop", reason="STOPPED")
        assert ended.wait(30)
        return Outcome(status=OutcomeStatus.CANCELLED, reason=scope.cancel.reason)


def test_a_stop_from_another_process_is_seen_in_real_time():
    run = Run(WIDE, clock=SystemClock(), log=Elsewhere())
    run.effects = Waiting(run.clock)
    run.effects.log = run.log
    assert "STOPPED" == run.drive()
    assert {"STOPPED"} == {run.outcome(key)["reason"] for key in "abc"}


def test_many_commands_at_once_in_real_time():
    class Quick(ToyEffects):
        def _work(self, command, scope):
            return DONE

    names = [f"n{number}" for number in range(100)]
    run = Run(Plan(needs=dict.fromkeys(names, ())), clock=SystemClock())
    run.effects = Quick(run.clock)
    assert "SUCCEEDED" == run.drive(jobs=16)
    assert sorted([*names, CLEANUP]) == sorted(run.effects.performed)


# ── Properties ────────────────────────────────────────────────────────────────────────────────

outcomes = st.sampled_from(
    [
        lambda _: DONE,
        lambda _: DONE,
        lambda _: DONE,
        lambda _: Outcome(status=OutcomeStatus.FAILED),
        lambda _: 1 / 0,
    ]
)
seconds = st.integers(0, 300).map(lambda n: timedelta(seconds=n))


@st.composite
def runs(draw):
    names = "abcdef"[: draw(st.integers(1, 6))]
    needs = {
        name: tuple(draw(st.sets(st.sampled_from(names[:i])))) if i else ()
        for i, name in enumerate(names)
    }
    plan = Plan(
        needs=needs,
        timeout=draw(st.none() | seconds.filter(bool)),
        pause=draw(st.none() | seconds),
    )
    takes = {name: draw(seconds) for name in names}
    does = {name: draw(outcomes) for name in names}
    return plan, takes, does, draw(st.none() | seconds), draw(st.integers(1, 4))


def carry_out(case, log=None):
    plan, takes, does, stop_after, jobs = case
    run = Run(plan, takes, does, log=log)
    if stop_after is not None:
        run.clock.call_at(START + stop_after, lambda: run.cancel.cancel("STOPPED"))
    status = run.drive(jobs=jobs)
    return run, status


@settings(max_examples=60, deadline=None)
@given(runs())
def test_any_run_concludes_once_and_starts_nothing_twice_nor_after_a_stop(case):
    run, status = carry_out(case)
    written = run.written()
    starts = [entry for entry in written if entry.startswith("STARTED")]
    assert sorted(set(starts)) == sorted(starts)
    assert 1 == written.count("CONCLUDED")
    assert "CONCLUDED" == written[-1]
    assert status == run.events[-1].data["status"]
    assert written.count("STARTED cleanup") == 1
    if "SIGNALLED" in written:
        after = written[written.index("SIGNALLED") :]
        assert {"STARTED cleanup"} >= {entry for entry in after if entry.startswith("STARTED")}
    assert run.effects.most_at_once <= case[-1]


@settings(max_examples=30, deadline=None)
@given(runs())
def test_the_same_run_gives_the_same_log_to_the_byte(case):
    first, _ = carry_out(case)
    second, _ = carry_out(case)
    assert without_tracebacks(first) == without_tracebacks(second)


def without_tracebacks(run):
    return [(e.kind, e.at, e.key, str(e.data).partition("Traceback")[0]) for e in run.events]


@settings(max_examples=60, deadline=None)
@given(runs(), st.data())
def test_a_log_cut_anywhere_resumes_to_a_status_the_whole_run_could_have_had(case, data):
    whole, _ = carry_out(case)
    kept = data.draw(st.integers(1, len(whole.events)))
    log = MemoryEventLog()
    log.append("s", whole.events[:kept], expected=0)
    case = (*case[:3], None, case[4])
    resumed, status = carry_out(case, log)
    in_flight = {e.key for e in whole.events[:kept] if e.kind is EventKind.STARTED} - {
        e.key for e in whole.events[:kept] if e.kind is EventKind.FINISHED
    }
    assert in_flight == set(resumed.effects.recovered)
    assert whole.events[:kept] == resumed.events[:kept]
    starts = [entry for entry in resumed.written() if entry.startswith("STARTED")]
    assert sorted(set(starts)) == sorted(starts)
    stopped = "SIGNALLED" in whole.written()[:kept]
    allowed = {"STOPPED"} if stopped else {"SUCCEEDED", "FAILED"}
    assert status in allowed
