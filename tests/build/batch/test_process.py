"""The rules of a batch, lived through with random outcomes, stops and crashes."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.batch.process import BatchProcess
from cicd.build.plan import Refusal
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import EventKind
from cicd.testing.simulate import simulate
from tests.build.batch.machine import batch, node

SECOND = timedelta(seconds=1)


@st.composite
def batches(draw):
    """A graph whose builds depend on earlier ones, in an order of its own."""
    count = draw(st.integers(1, 7))
    nodes = []
    for number in range(count):
        before = [f"n{each}" for each in range(number)]
        needs = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        nodes.append(node(f"n{number}", *needs, ignore_failure=draw(st.booleans())))
    return batch(
        *draw(st.permutations(nodes)),
        fast_fail=draw(st.booleans()),
        combine_artifacts=draw(st.booleans()),
        timeout=timedelta(hours=draw(st.sampled_from([1, 1000]))),
    )


def lived(plan, seed=0, **more):
    return simulate(BatchProcess(plan), encode(plan), seed=seed, **more)


def by_name(**statuses):
    """Builds end as their names say, the others well."""

    def outcome(command, _random):
        return Outcome(status=OutcomeStatus(statuses.get(command.key.rpartition("/")[2], "DONE")))

    return outcome


def statuses(trace):
    """How each build ended: key → (when it ended, outcome)."""
    return {
        event.key: (position, event.data["outcome"]["status"])
        for position, event in enumerate(trace.events)
        if event.kind is EventKind.FINISHED
    }


@settings(max_examples=150, deadline=None)
@given(batches(), st.integers(0, 10**9))
def test_no_build_starts_before_what_it_depends_on_nor_after_a_failure_of_it(plan, seed):
    trace = lived(plan, seed, stop=0.02, crash=0.1)
    ended = statuses(trace)
    for position, event in enumerate(trace.events):
        if event.kind is not EventKind.STARTED or not event.key.startswith("build/"):
            continue
        for name in plan.node(event.key.removeprefix("build/")).depends_on:
            when, how = ended[f"build/{name}"]
            assert when < position
            assert how == "DONE" or plan.node(name).ignore_failure
    assert len(set(trace.started)) == len(trace.started)


@settings(max_examples=150, deadline=None)
@given(batches(), st.integers(0, 10**9))
def test_nothing_starts_after_a_stop_or_in_a_fast_fail_after_a_failure(plan, seed):
    trace = lived(plan, seed, stop=0.1, crash=0.05)
    assert () == trace.started_after_stop
    if not plan.fast_fail:
        return
    bad = [
        when
        for key, (when, how) in statuses(trace).items()
        if how != "DONE"
        and key.startswith("build/")
        and not plan.node(key.removeprefix("build/")).ignore_failure
    ]
    for event in trace.events[min(bad, default=len(trace.events)) :]:
        assert event.kind is not EventKind.STARTED


@settings(max_examples=150, deadline=None)
@given(batches(), st.integers(0, 10**9))
def test_it_succeeds_exactly_if_every_build_succeeded_or_is_ignored(plan, seed):
    trace = lived(plan, seed, stop=0.02)
    ended = {key: how for key, (_, how) in statuses(trace).items()}
    good = all(
        ended.get(f"build/{each.identifier}") == "DONE"
        or (each.ignore_failure and f"build/{each.identifier}" in ended)
        for each in plan.nodes
    )
    if plan.combine_artifacts:
        good = good and ended.get("COMBINE_ARTIFACTS") == "DONE"
    assert good == (trace.status == "SUCCEEDED")


def test_a_build_does_not_wait_for_others_of_its_level():
    """a → c while b, which nothing here depends on, still runs."""
    plan = batch(node("a"), node("b"), node("c", "a"))
    for seed in range(20):  # the number of jobs is random
        trace = lived(
            plan,
            seed,
            delay=lambda c, _: (100 if c.key == "build/b" else 1) * SECOND,
        )
        if {"build/a", "build/b"} <= set(trace.started[:2]):
            ended = statuses(trace)
            assert ended["build/c"][0] < ended["build/b"][0]
            return
    raise AssertionError("no life with two jobs")


def test_a_failure_that_is_ignored_lets_its_dependents_run():
    plan = batch(node("a", ignore_failure=True), node("b", "a"))
    trace = lived(plan, outcome=by_name(a="FAILED"))
    assert (("build/a", "build/b"), "SUCCEEDED") == (trace.started, trace.status)


@pytest.mark.parametrize("status", ["FAILED", "FAULT", "LOST"])
def test_what_depends_on_a_failure_is_never_started(status):
    plan = batch(node("a"), node("b", "a"), node("c", "b"), node("d"))
    trace = lived(plan, outcome=by_name(a=status))
    assert ({"build/a", "build/d"}, "FAILED") == (set(trace.started), trace.status)


def test_the_blockers_are_named():
    plan = batch(node("a"), node("b", "a"), node("c", "b"))
    process = BatchProcess(plan)
    state = process.initial()
    for event in lived(plan, outcome=by_name(a="FAILED")).events:
        state = process.apply(state, event)
    assert ("a",) == process.blockers(state, plan.node("b"))
    assert ("b",) == process.blockers(state, plan.node("c"))


def test_a_batch_that_takes_too_long_times_out():
    plan = batch(node("a"), node("b", "a"), timeout=timedelta(minutes=5))
    trace = lived(plan, delay=lambda _c, _r: timedelta(minutes=10))
    assert (("build/a",), "TIMED_OUT") == (trace.started, trace.status)


def test_a_refused_batch_fails_before_any_build_starts():
    refused = Refusal(code="BATCH_SPEC_VALIDATION_ERROR", message="no")
    plan = batch(node("a"), refused=refused)
    trace = lived(plan)
    assert ((), "FAILED") == (trace.started, trace.status)
    process = BatchProcess(plan)
    state = process.apply(process.initial(), trace.events[0])
    phase = state.phases[-1]
    assert ("DOWNLOAD_BATCHSPEC", "FAILED", refused.code) == (
        phase.phase,
        phase.status,
        phase.code,
    )


def test_the_artifacts_are_combined_in_the_order_of_the_document():
    plan = batch(node("a"), node("b"), combine_artifacts=True)

    def outcome(command, _random):
        return Outcome(status=OutcomeStatus.DONE, detail={"primary": command.key[-1]})

    trace = lived(plan, seed=3, outcome=outcome)
    (combine,) = [e for e in trace.events if e.key == "COMBINE_ARTIFACTS" and e.kind == "STARTED"]
    assert ["a", "b"] == combine.data["command"]["digests"]
