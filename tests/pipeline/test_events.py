"""What EventBridge would carry of pipelines: the table of the states of each level."""

import json
from dataclasses import replace

import pytest

from cicd.observe.streams import EventBus
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.compile import Start
from cicd.pipeline.result import FailureType, StoredArtifact, failed, object_key
from cicd.pipeline.run import (
    find_execution,
    put_approval_result,
    resume_execution,
    start_execution,
    stop_execution,
    waiting_approvals,
)
from cicd.pipeline.stages import retry_stage
from tests.pipeline.documents import APPROVAL, DEPLOY, SOURCE_STAGE, action, stage
from tests.pipeline.world import MINUTE, SUCCEEDED

BROKEN = failed(FailureType.JOB_FAILED, "it broke", external_id="app:1")
BUILD = stage("Build", action("Good", takes="code", makes="out"), action("Bad", takes="code"))
LAST = stage("Last", action("Up", DEPLOY, takes="out"))
ASK = stage("Ask", action("Approve", APPROVAL))


STARTED_BY = Start(triggered_by="arn:aws:iam::123456789012:user/ann")


def told(world):
    return [event for _, event in EventBus(world.services).next()]


def states(events):
    """Name each as "Pipeline STARTED" or "Stage Build FAILED"."""
    found = []
    for event in events:
        detail, level = event["detail"], event["detail-type"].split()[1]
        place = [detail[key] for key in ("stage", "action") if key in detail]
        found.append(" ".join((level, "/".join(place), detail["state"])).replace("  ", " "))
    return found


def act_at(world, minutes, act):
    begun = world.clock.now()
    world.clock.call_at(
        begun + minutes * MINUTE, lambda: act(find_execution(None, world.services).stream)
    )


def test_a_success_is_told_from_the_pipeline_to_its_actions_and_back(world):
    world.run(SOURCE_STAGE, ASK, start=Start(approve=True))
    assert [
        "Pipeline STARTED",
        "Stage Source STARTED",
        "Action Source/Checkout STARTED",
        "Action Source/Checkout SUCCEEDED",
        "Stage Source SUCCEEDED",
        "Stage Ask STARTED",
        "Action Ask/Approve STARTED",
        "Action Ask/Approve SUCCEEDED",
        "Stage Ask SUCCEEDED",
        "Pipeline SUCCEEDED",
    ] == states(told(world))


def test_a_failure_is_told_after_the_siblings_have_ended(world):
    world.provider.ends = {"Bad": BROKEN}
    world.provider.takes = {"Good": 2 * MINUTE, "Bad": MINUTE}
    world.run(SOURCE_STAGE, BUILD, LAST)
    assert [
        "Action Build/Bad FAILED",
        "Action Build/Good SUCCEEDED",
        "Stage Build FAILED",
        "Pipeline FAILED",
    ] == states(told(world))[-4:]


@pytest.mark.parametrize("abandon", [False, True])
def test_a_stop_is_told_of_the_pipeline_of_its_stage_and_of_what_was_abandoned(world, abandon):
    world.provider.takes = {"Good": 5 * MINUTE}
    act_at(
        world,
        1,
        lambda stream: stop_execution(stream, world.services, abandon=abandon, reason="lunch"),
    )
    world.run(SOURCE_STAGE, stage("Build", action("Good", takes="code", makes="out")), LAST)
    events = told(world)
    assert [
        "Pipeline STOPPING",
        "Stage Build STOPPING",
        f"Action Build/Good {'ABANDONED' if abandon else 'SUCCEEDED'}",
        # All actions of the stage have succeeded: AWS calls such a stage Succeeded.
        f"Stage Build {'STOPPED' if abandon else 'SUCCEEDED'}",
        "Pipeline STOPPED",
    ] == states(events)[-5:]
    stopping = events[-5]["detail"]
    assert "lunch" == stopping["stop-execution-comments"]


def test_an_approval_that_nobody_may_answer_any_more_is_told_as_abandoned(world):
    act_at(world, 1, lambda stream: stop_execution(stream, world.services))
    world.run(SOURCE_STAGE, ASK)
    assert [
        "Action Ask/Approve STARTED",
        "Pipeline STOPPING",
        "Stage Ask STOPPING",
        "Action Ask/Approve ABANDONED",
        "Stage Ask STOPPED",
        "Pipeline STOPPED",
    ] == states(told(world))[-6:]


def test_an_answer_is_told_as_the_end_of_the_approval(world):
    def reject(stream):
        (approval,) = waiting_approvals(stream, world.services)
        put_approval_result(
            stream, world.services, approval=approval, approved=False, summary="not today"
        )

    act_at(world, 1, reject)
    world.run(SOURCE_STAGE, ASK)
    events = told(world)
    assert ["Action Ask/Approve FAILED", "Stage Ask FAILED", "Pipeline FAILED"] == states(events)[
        -3:
    ]
    assert "not today" == events[-3]["detail"]["execution-result"]["external-execution-summary"]


def test_a_retry_is_told_as_resumed_and_counts_the_attempts(world):
    world.provider.ends = {"Bad": BROKEN}
    before = world.run(SOURCE_STAGE, BUILD, LAST)
    world.provider.ends = {}
    retry_stage(
        before.stream, world.services, stage="Build", mode=RetryMode.FAILED_ACTIONS, now_is=None
    )
    resume_execution(before.stream, world.services)
    events = told(world)
    begun = states(events).index("Pipeline RESUMED")
    assert [
        "Pipeline RESUMED",
        "Stage Build RESUMED",
        "Stage Build STARTED",
        "Action Build/Bad STARTED",
        "Action Build/Bad SUCCEEDED",
        "Stage Build SUCCEEDED",
    ] == states(events)[begun : begun + 6]
    assert (1.0, 2.0) == tuple(
        events[place]["detail"]["pipeline-execution-attempt"] for place in (0, begun)
    )


def test_a_waiter_that_a_newer_execution_replaced_is_told_as_superseded(world):
    first = world.plan(SOURCE_STAGE, BUILD, LAST)
    world.provider.takes = {"Good": 9 * MINUTE, "Bad": 9 * MINUTE}
    for minutes in (1, 2):
        plan = world.plan(SOURCE_STAGE, BUILD, LAST)
        world.clock.call_at(
            world.clock.now() + minutes * MINUTE,
            lambda plan=plan: start_execution(plan, world.services),
        )
    start_execution(first, world.services)
    world.clock.sleep(60 * MINUTE)
    told_of = {}
    for event in told(world):
        told_of.setdefault(event["detail"]["execution-id"], []).append(event)
    second = list(told_of.values())[1]
    assert "Pipeline SUPERSEDED" == states(second)[-1]
    assert "Stage Build STARTED" not in states(second)


def test_details_are_those_of_the_table(world):
    made = StoredArtifact(name="out", digest="0" * 64, key=object_key("shop", "out", "0" * 64))
    world.provider.ends = {
        "Good": replace(SUCCEEDED, outputs=(made,), external_execution_id="b:1")
    }
    world.run(
        SOURCE_STAGE,
        stage("Build", action("Good", takes="code", makes="out")),
        LAST,
        start=STARTED_BY,
    )
    events = dict(zip(states(told(world)), told(world), strict=True))
    assert {
        "trigger-type": "StartPipelineExecution",
        "trigger-detail": "arn:aws:iam::123456789012:user/ann",
    } == events["Pipeline STARTED"]["detail"]["execution-trigger"]
    arn = "arn:aws:codepipeline:us-east-1:123456789012:shop"
    assert [arn] == events["Pipeline STARTED"]["resources"]
    assert "execution-trigger" not in events["Pipeline SUCCEEDED"]["detail"]
    started = events["Action Build/Good STARTED"]
    assert "aws.codepipeline" == started["source"]
    assert {"owner": "AWS", "category": "Build", "provider": "CodeBuild", "version": "1"} == (
        started["detail"]["type"]
    )
    assert ["code"] == [taken["name"] for taken in started["detail"]["input-artifacts"]]
    ended = events["Action Build/Good SUCCEEDED"]["detail"]
    assert "us-east-1" == ended["region"]
    assert [{"name": "out", "s3location": {"bucket": "artifacts", "key": made.key}}] == (
        ended["output-artifacts"]
    )
    assert "b:1" == ended["execution-result"]["external-execution-id"]
    assert (1, int) == (ended["version"], type(ended["version"]))


def test_a_failed_action_is_told_with_its_code(world):
    world.provider.ends = {"Bad": BROKEN}
    world.run(SOURCE_STAGE, BUILD)
    (event,) = [
        e for e in told(world) if e["detail"]["state"] == "FAILED" and "action" in e["detail"]
    ]
    assert {"error-code": "JobFailed", "external-execution-id": "app:1"}.items() <= (
        event["detail"]["execution-result"].items()
    )


def test_each_is_told_alike_however_often_it_is_read(world):
    world.provider.ends = {"Bad": BROKEN}
    world.run(SOURCE_STAGE, BUILD)
    assert told(world) == told(world)
    ids = [event["id"] for event in told(world)]
    assert len(ids) == len(set(ids))
    json.dumps(told(world))
