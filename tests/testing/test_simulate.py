from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.codec import encode
from cicd.engine.process import Decision, OutcomeStatus
from cicd.testing.clock import START
from cicd.testing.simulate import simulate
from tests.engine.toy import CLEANUP, DONE, Plan, Step, ToyProcess

MINUTE = timedelta(minutes=1)
PLAN = encode(
    Plan(
        needs={"a": (), "b": (), "c": ("a", "b"), "d": ("c",)},
        timeout=5 * MINUTE,
        pause=MINUTE,
    )
)


@settings(max_examples=100)
@given(st.integers(0, 10**9))
def test_a_sound_process_lives_through_anything(seed):
    trace = simulate(ToyProcess(), PLAN, seed=seed, stop=0.05, crash=0.1)
    assert CLEANUP == trace.started[-1]
    assert set(trace.started_after_stop) <= {CLEANUP}
    assert trace.status in ("SUCCEEDED", "FAILED", "STOPPED")


def test_the_same_seed_is_the_same_life():
    lives = [simulate(ToyProcess(), PLAN, seed=7, stop=0.05, crash=0.1) for _ in range(2)]
    assert lives[0] == lives[1]


def test_seeds_reach_every_ending():
    traces = [simulate(ToyProcess(), PLAN, seed=n, stop=0.05, crash=0.1) for n in range(60)]
    assert {"SUCCEEDED", "FAILED", "STOPPED"} == {trace.status for trace in traces}
    assert any(trace.crashes for trace in traces)
    assert any(trace.started_after_stop for trace in traces)


def test_outcomes_delays_and_signals_may_be_given():
    trace = simulate(
        ToyProcess(),
        PLAN,
        seed=1,
        outcome=lambda command, random: DONE,
        delay=lambda command, random: MINUTE,
        signals=[(3 * MINUTE / 2, {"signal": "stop", "reason": "STOPPED"})],
    )
    assert "STOPPED" == trace.status
    assert START + 3 * MINUTE / 2 in [event.at for event in trace.events]


def lives(process, **chances):
    for seed in range(40):
        simulate(process, PLAN, seed=seed, **chances)


def test_a_process_that_starts_again_what_it_started_is_found_out():
    class Forgetful(ToyProcess):
        def decide(self, state, now):
            return Decision(start=(Step(key="a"),))

    with pytest.raises(AssertionError, match="starts twice"):
        lives(Forgetful())


def test_a_process_that_waits_for_nothing_is_found_out():
    class Idle(ToyProcess):
        def decide(self, state, now):
            return Decision()

    with pytest.raises(AssertionError, match="waits for nothing"):
        lives(Idle())


def test_a_process_that_wants_to_be_woken_at_once_is_found_out():
    class Restless(ToyProcess):
        def decide(self, state, now):
            return Decision(wake_at=now)

    with pytest.raises(AssertionError, match="woken at once"):
        lives(Restless())


def test_a_process_that_never_ends_is_found_out():
    class Endless(ToyProcess):
        def decide(self, state, now):
            return Decision(wake_at=now + MINUTE)

    with pytest.raises(AssertionError, match="no end"):
        simulate(Endless(), PLAN, seed=1, limit=50)


def test_a_process_that_decides_differently_the_second_time_is_found_out():
    class Moody(ToyProcess):
        def __init__(self):
            self.asked = 0

        def decide(self, state, now):
            self.asked += 1
            return Decision(wake_at=now + self.asked * MINUTE)

    with pytest.raises(AssertionError, match="differently"):
        lives(Moody())


def test_a_process_that_loses_sight_of_what_runs_is_found_out():
    class Blind(ToyProcess):
        def in_flight(self, state):
            return ()

    with pytest.raises(AssertionError, match="in flight"):
        lives(Blind())


def test_a_process_that_remembers_beside_its_state_is_found_out():
    class Remembering(ToyProcess):
        def __init__(self):
            self.applied = 0

        def apply(self, state, event):
            self.applied += 1
            if self.applied > 12:
                return self.initial()
            return super().apply(state, event)

    with pytest.raises(AssertionError):
        lives(Remembering(), crash=0.5)


def test_a_lost_command_is_an_outcome_like_others():
    traces = [simulate(ToyProcess(), PLAN, seed=n, crash=0.3) for n in range(30)]
    statuses = {
        event.data["outcome"]["status"]
        for trace in traces
        for event in trace.events
        if "outcome" in event.data
    }
    assert OutcomeStatus.LOST.value in statuses
