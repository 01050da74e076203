from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cicd.errors import UsageError
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.result import FailureType, failed
from cicd.pipeline.run import execution_result, execution_state, resume_execution, start_execution
from cicd.pipeline.stages import retry_stage
from cicd.testing.fakes import MemoryEventLog
from tests.pipeline.documents import SOURCE_STAGE, action, read, stage
from tests.pipeline.world import MINUTE

BROKEN = failed(FailureType.JOB_FAILED, "it broke")
FAILED = RetryMode.FAILED_ACTIONS
ALL = RetryMode.ALL_ACTIONS
BUILD_STAGE = stage(
    "Build",
    action("Good", takes="code", makes="good"),
    action("Bad", takes="code"),
    action("Later", takes="good", runOrder=2),
)
LAST_STAGE = stage("Last", action("End", takes="good"))
STAGES = (SOURCE_STAGE, BUILD_STAGE, LAST_STAGE)
RETRY = {"result": "RETRY"}


def again(world, stream, mode=FAILED, stage_name="Build", now_is=None):
    retry_stage(stream, world.services, stage=stage_name, mode=mode, now_is=now_is)
    return resume_execution(stream, world.services)


def broken(world, *stages, **more):
    world.provider.ends = {"Bad": BROKEN}
    result = world.run(*(stages or STAGES), **more)
    assert "Failed" == result.status
    return result


def mended(world, *stages, **more):
    result = broken(world, *stages, **more)
    world.provider.ends = {}
    world.provider.calls.clear()
    return result


def test_32_a_retry_keeps_the_execution_id_and_goes_on_to_the_end(world):
    before = mended(world)
    after = again(world, before.stream)
    assert (before.execution_id, "Succeeded") == (after.execution_id, after.status)


def test_33_failed_actions_runs_no_sibling_again_that_succeeded_and_takes_its_artifacts(world):
    before = mended(world)
    again(world, before.stream)
    assert ["Bad", "Later", "End"] == world.provider.calls
    assert ["good"] == [found.name for found in world.provider.requests["Later"].inputs]


def test_all_actions_runs_the_whole_stage_again(world):
    before = mended(world)
    again(world, before.stream, ALL)
    assert ["Bad", "Good", "Later", "End"] == sorted(
        world.provider.calls[:2]
    ) + world.provider.calls[2:]


def test_an_execution_that_fails_again_is_failed_and_can_be_retried_again(world):
    before = broken(world)
    assert "Failed" == again(world, before.stream).status
    world.provider.ends = {}
    after = again(world, before.stream)
    assert "Succeeded" == after.status
    assert {
        "Build": {
            "autoStageRetryAttempt": 0,
            "manualStageRetryAttempt": 2,
            "latestRetryTrigger": "ManualStageRetry",
        }
    } == after.execution["retryStageMetadata"]


def test_every_attempt_of_an_action_has_a_record_and_an_id_of_its_own(world):
    before = mended(world)
    details = again(world, before.stream).execution["actionExecutionDetails"]
    tried = [found for found in details if found["actionName"] == "Bad"]
    assert ["Succeeded", "Failed"] == [found["status"] for found in tried]
    assert 2 == len({found["actionExecutionId"] for found in tried})


def test_34_all_actions_is_refused_while_an_action_of_the_stage_runs(world):
    world.provider.ends = {"Bad": BROKEN}
    world.provider.takes = {"Good": 9 * MINUTE}
    plan = world.plan(*STAGES)
    said = []

    def ask(mode):
        def try_it():
            try:
                world.provider.ends = {}
                retry_stage(
                    f"pipeline/{plan.execution_id}",
                    world.services,
                    stage="Build",
                    mode=mode,
                    now_is=None,
                )
            except UsageError as refused:
                said.append(refused.message)

        return try_it

    world.clock.call_at(world.clock.now() + MINUTE, ask(ALL))
    world.clock.call_at(world.clock.now() + 2 * MINUTE, ask(FAILED))
    assert "Succeeded" == start_execution(plan, world.services).status
    assert ["an action of the stage 'Build' is still in progress"] == said
    assert ["Checkout", "Bad", "Bad", "Good", "Later", "End"] == [
        "Checkout",
        *sorted(world.provider.calls[1:4]),
        *world.provider.calls[4:],
    ]


def test_35_a_stage_of_another_structure_is_not_retried(world):
    before = mended(world)
    changed = read(SOURCE_STAGE, BUILD_STAGE, stage("Last", action("Other", takes="good")))
    with pytest.raises(UsageError, match="was changed since"):
        again(world, before.stream, now_is=changed)
    assert "Succeeded" == again(world, before.stream, now_is=read(*STAGES)).status


def test_30_an_execution_is_not_retryable_once_a_later_one_entered_the_stage(world):
    before = mended(world)
    world.run(*STAGES)
    with pytest.raises(UsageError, match="has entered the stage 'Build' since"):
        again(world, before.stream)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Source", "every action of the stage 'Source' succeeded"),
        ("Last", "the stage 'Last' was not entered"),
        ("Nowhere", "has no stage 'Nowhere'"),
    ],
)
def test_only_the_stage_that_failed_can_be_retried(world, name, said):
    before = mended(world)
    with pytest.raises(UsageError, match=said):
        again(world, before.stream, stage_name=name)
    assert "Failed" == execution_result(before.stream, world.services).status


def test_what_succeeded_cannot_be_retried(world):
    result = world.run(*STAGES)
    with pytest.raises(UsageError, match="every action of the stage 'Build' succeeded"):
        again(world, result.stream)


def test_a_stopped_execution_is_retried_where_it_stopped(world):
    from cicd.pipeline.run import stop_execution

    plan = world.plan(*STAGES)
    stream = f"pipeline/{plan.execution_id}"
    world.provider.meanwhile = {"Good": lambda: stop_execution(stream, world.services)}
    assert "Stopped" == start_execution(plan, world.services).status
    world.provider.meanwhile = {}
    world.provider.calls.clear()
    assert "Succeeded" == again(world, stream).status
    assert ["Later", "End"] == world.provider.calls


def test_a_stage_that_retries_itself_does_so_once_for_each_failure(world):
    build = {**BUILD_STAGE, "onFailure": RETRY}
    world.provider.ends = {"Bad": BROKEN}
    result = world.run(SOURCE_STAGE, build, LAST_STAGE, pipelineType="V2")
    assert "Failed" == result.status
    assert 2 == world.provider.calls.count("Bad")
    assert 1 == world.provider.calls.count("Good")
    retried = execution_state(result.stream, world.services).retries["Build"]
    assert (1, 0, "AutomatedStageRetry") == (retried.automatic, retried.manual, retried.latest)
    world.provider.ends = {}
    assert "Succeeded" == again(world, result.stream).status


def test_a_stage_that_retries_itself_keeps_its_lock_and_can_mend_itself(world):
    build = {
        **BUILD_STAGE,
        "onFailure": {**RETRY, "retryConfiguration": {"retryMode": "ALL_ACTIONS"}},
    }
    world.provider.ends = {"Bad": BROKEN}

    def mend():
        if world.provider.calls.count("Bad") == 2:
            world.provider.ends = {}

    world.provider.meanwhile = {"Bad": mend}
    result = world.run(SOURCE_STAGE, build, LAST_STAGE, pipelineType="V2")
    assert "Succeeded" == result.status
    assert 2 == world.provider.calls.count("Good")
    assert "Stage Build is retried: attempt 2" in world.reporter.said()


def test_a_retry_begins_a_child_of_its_own(world):
    before = mended(world)
    first = world.provider.requests["Bad"].parent
    again(world, before.stream)
    assert f"{first}#2" == world.provider.requests["Bad"].parent


@pytest.mark.parametrize("mode", [FAILED, ALL])
def test_of_eight_who_ask_for_a_retry_at_once_one_gets_it(world, mode):
    before = mended(world)

    def ask(_):
        try:
            retry_stage(before.stream, world.services, stage="Build", mode=mode, now_is=None)
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(8) as askers:
        assert 1 == sum(askers.map(ask, range(8)))
    assert "Succeeded" == resume_execution(before.stream, world.services).status


def test_a_driver_that_dies_anywhere_in_a_retried_execution_loses_and_repeats_nothing(world):
    before = mended(world)
    again(world, before.stream)
    events = [event for _, event in world.services.log.read(before.stream)]
    begun = next(
        number for number, event in enumerate(events) if event.data.get("signal") == "retry"
    )
    for kept in range(begun + 1, len(events)):
        log = MemoryEventLog()
        log.append(before.stream, events[:kept], expected=0)
        over = {event.key for event in events[:kept] if event.kind == "FINISHED"}
        world.provider.calls.clear()
        result = resume_execution(before.stream, replace(world.services, log=log))
        assert "Succeeded" == result.status
        done = {key.partition("/")[2].partition("#")[0] for key in over if key.endswith("#2")}
        assert not done & set(world.provider.calls)
        assert "Good" not in world.provider.calls
