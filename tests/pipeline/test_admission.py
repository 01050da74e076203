import itertools
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.signals import send
from cicd.event import Event, EventKind
from cicd.pipeline.admission import (
    ARRIVED,
    LEFT,
    Admission,
    StageLock,
    admit,
    fold,
    state_stream,
)
from cicd.pipeline.run import execution_result, execution_state, start_execution
from tests.pipeline.documents import SOURCE_STAGE, action, stage
from tests.pipeline.world import MINUTE

AT = datetime(2024, 1, 1, tzinfo=UTC)
BUILD_STAGE = stage("Build", action("Compile", takes="code"))


def told(signal, execution, stage_name="Build", mode="SUPERSEDED"):
    data = {"signal": signal, "stage": stage_name, "execution": execution, "mode": mode}
    return Event(kind=EventKind.SIGNALLED, at=AT, data=data)


def arrivals(*executions, mode="SUPERSEDED"):
    return [told(ARRIVED, execution, mode=mode) for execution in executions]


def test_who_arrives_first_enters_and_the_next_waits():
    state = fold(arrivals("1", "2"))
    assert (Admission.ENTER, Admission.WAIT, None) == tuple(
        admit(state, "Build", execution) for execution in "123"
    )


def test_superseded_keeps_one_waiter_and_the_newest_replaces_it():
    state = fold(arrivals("1", "2", "3"))
    assert [Admission.ENTER, Admission.SUPERSEDED, Admission.WAIT] == [
        admit(state, "Build", execution) for execution in "123"
    ]
    freed = fold([*arrivals("1", "2", "3"), told(LEFT, "1")])
    assert StageLock(holder="3") == freed.lock("Build")


def test_an_execution_inside_a_stage_is_never_superseded():
    state = fold(arrivals("1", "2", "3", "4"))
    assert Admission.ENTER is admit(state, "Build", "1")


def test_queued_never_reorders_and_never_drops():
    events = arrivals("1", "2", "3", mode="QUEUED")
    entered = []
    for _ in range(3):
        holder = fold(events).lock("Build").holder
        entered.append(holder)
        events.append(told(LEFT, holder, mode="QUEUED"))
    assert ["1", "2", "3"] == entered
    assert frozenset() == fold(events).superseded


def test_a_waiter_that_was_stopped_is_not_let_in():
    state = fold([*arrivals("1", "2"), told(LEFT, "2"), told(LEFT, "1")])
    assert StageLock() == state.lock("Build")


def test_arriving_twice_counts_once():
    assert StageLock(holder="1", waiting=("2",)) == (
        fold(arrivals("1", "2", "2", "1")).lock("Build")
    )


def test_stages_are_locked_on_their_own():
    state = fold([told(ARRIVED, "1", "Build"), told(ARRIVED, "2", "Deploy")])
    assert Admission.ENTER is admit(state, "Build", "1")
    assert Admission.ENTER is admit(state, "Deploy", "2")


@settings(max_examples=100)
@given(
    st.sampled_from(("SUPERSEDED", "QUEUED")),
    st.lists(st.tuples(st.sampled_from((ARRIVED, LEFT)), st.sampled_from("12345")), max_size=30),
)
def test_a_stage_is_never_empty_while_somebody_waits_and_nobody_is_there_twice(mode, moves):
    events = []
    for signal, execution in moves:
        events.append(told(signal, execution, mode=mode))
        state = fold(events)
        lock = state.lock("Build")
        present = [name for name in (lock.holder, *lock.waiting) if name]
        assert len(set(present)) == len(present)
        assert lock.holder is not None or not lock.waiting
        if mode == "SUPERSEDED":
            assert len(lock.waiting) <= 1


def started_at(world, moment, *, plan):
    world.clock.call_at(moment, lambda: start_execution(plan, world.services))


def three_runs(world, **more):
    """Start three executions a minute apart, whose builds take ten; the last one drives."""
    world.provider.takes = {"Compile": 10 * MINUTE}
    plans = [world.plan(SOURCE_STAGE, BUILD_STAGE, **more) for _ in range(3)]
    for number, plan in enumerate(plans[1:], start=1):
        started_at(world, world.clock.now() + number * MINUTE, plan=plan)
    start_execution(plans[0], world.services)
    world.clock.sleep(60 * MINUTE)
    return [f"pipeline/{plan.execution_id}" for plan in plans]


def test_the_middle_of_three_fast_executions_is_superseded(world):
    streams = three_runs(world)
    assert ["Succeeded", "Superseded", "Succeeded"] == [
        execution_result(stream, world.services).status for stream in streams
    ]
    assert {"Source/Checkout"} == set(execution_state(streams[1], world.services).actions)


def test_queued_executions_all_run_one_after_the_other(world):
    streams = three_runs(world, executionMode="QUEUED", pipelineType="V2")
    assert ["Succeeded"] * 3 == [
        execution_result(stream, world.services).status for stream in streams
    ]
    entered = [
        execution_state(stream, world.services).actions["Build/Compile"].started_at
        for stream in streams
    ]
    assert [10 * MINUTE] * 2 == [later - earlier for earlier, later in itertools.pairwise(entered)]


def test_parallel_executions_do_not_wait(world):
    streams = three_runs(world, executionMode="PARALLEL", pipelineType="V2")
    entered = [
        execution_state(stream, world.services).actions["Build/Compile"].started_at
        for stream in streams
    ]
    assert [MINUTE] * 2 == [later - earlier for earlier, later in itertools.pairwise(entered)]


def test_a_failed_stage_lets_the_next_execution_in(world):
    from cicd.pipeline.result import FailureType, failed

    world.provider.ends = {"Compile": failed(FailureType.JOB_FAILED, "it broke")}
    streams = three_runs(world)
    assert ["Failed", "Superseded", "Failed"] == [
        execution_result(stream, world.services).status for stream in streams
    ]


def test_an_execution_of_a_parallel_pipeline_runs_five_actions_at_once(world):
    actions = [action(f"A{number}", takes="code") for number in range(7)]
    world.provider.takes = {f"A{number}": MINUTE for number in range(7)}
    begun = world.clock.now()
    world.run(SOURCE_STAGE, stage("Build", *actions), executionMode="PARALLEL", pipelineType="V2")
    assert 2 * MINUTE == world.clock.now() - begun


def test_a_stage_that_was_never_left_by_an_execution_that_is_over_is_freed(world):
    plan = world.plan(SOURCE_STAGE, BUILD_STAGE)
    ended = start_execution(plan, world.services)
    send(
        world.services.log,
        world.clock,
        state_stream("shop"),
        ARRIVED,
        stage="Build",
        execution=ended.execution_id,
        mode="SUPERSEDED",
    )
    assert "Succeeded" == world.run(SOURCE_STAGE, BUILD_STAGE).status
