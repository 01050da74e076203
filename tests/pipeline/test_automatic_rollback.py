"""A stage that fails and goes back by itself."""

from dataclasses import replace

import pytest

from cicd.pipeline.run import execution_result, execution_state, resume_execution
from cicd.testing.fakes import MemoryEventLog, MemoryExecutionIndex
from tests.pipeline.documents import DEPLOY, SOURCE_STAGE, action, checked, pipeline, stage
from tests.pipeline.gates import FAILS, HOLDS, gate
from tests.pipeline.test_gates import BROKEN

V2 = {"pipelineType": "V2"}
BUILD_STAGE = stage("Build", action("Compile", takes="code", makes="binary"))
RESULT = {"onFailure": {"result": "ROLLBACK"}}


def stages(**gates):
    return (
        SOURCE_STAGE,
        BUILD_STAGE,
        stage("Deploy", action("Up", DEPLOY, takes="binary"), **gates),
    )


def fail_once(world):
    """Let the deployment fail, and the one that goes back succeed."""

    def mend():
        world.provider.ends = {"Up": BROKEN} if world.provider.calls.count("Up") == 2 else {}

    world.provider.meanwhile = {"Up": mend}


def executions(world):
    return [
        execution_result(record.stream, world.services)
        for record in reversed(world.services.executions.list(kind="pipeline"))
    ]


def test_a_failed_stage_goes_back_to_its_last_success_in_an_execution_of_its_own(world):
    first = world.run(*stages(**RESULT), **V2)
    fail_once(world)
    second = world.run(*stages(**RESULT), **V2)
    assert ("Succeeded", "Failed") == (first.status, second.status)
    back = executions(world)[-1]
    told = back.execution["pipelineExecution"]
    assert "Succeeded" == told["status"]
    assert ("ROLLBACK", first.execution_id) == (
        told["executionType"],
        told["rollbackMetadata"]["rollbackTargetPipelineExecutionId"],
    )
    assert {
        "triggerType": "AutomatedRollback",
        "triggerDetail": second.execution_id,
    } == told["trigger"]
    assert ["Up"] == world.provider.calls[6:]
    assert any("goes back to the execution" in text for text in world.reporter.said())


def test_37_the_first_failure_rolls_nothing_back(world):
    world.provider.ends = {"Up": BROKEN}
    result = world.run(*stages(**RESULT), **V2)
    assert ("Failed", 1) == (result.status, len(executions(world)))
    words = "Stage Deploy does not go back: no execution of this structure has succeeded in it"
    assert words in world.reporter.said()


def test_37_a_success_before_an_edit_is_nothing_to_go_back_to(world):
    world.run(*stages(**RESULT), **V2)
    world.provider.ends = {"Up": BROKEN}
    edited = (SOURCE_STAGE, stage("Build", action("Other", takes="code", makes="binary")))
    world.run(*edited, stages(**RESULT)[2], **V2)
    assert 2 == len(executions(world))


@pytest.mark.parametrize(("asked", "begun"), [(FAILS, 3), (HOLDS, 2)])
def test_the_result_of_on_failure_applies_when_its_condition_fails(world, asked, begun):
    gates = {"onFailure": gate("ROLLBACK", asked)}
    world.run(*stages(**gates), **V2)
    fail_once(world)
    world.run(*stages(**gates), **V2)
    assert begun == len(executions(world))


def test_on_success_rollback_goes_back_although_the_actions_succeeded(world):
    more = {**V2, "variables": [{"name": "v", "defaultValue": "good"}]}
    checks = {"onSuccess": gate("ROLLBACK", is_good())}
    from cicd.pipeline.compile import Start

    world.run(*stages(**checks), **more)
    second = world.run(*stages(**checks), start=Start(variables={"v": "bad"}), **more)
    back = executions(world)[-1].execution["pipelineExecution"]
    assert ("Failed", "ROLLBACK", "Succeeded") == (
        second.status,
        back["executionType"],
        back["status"],
    )


def is_good():
    from tests.pipeline.gates import equal

    return equal("#{variables.v}", "good")


def test_a_rollback_that_fails_rolls_nothing_back(world):
    world.run(*stages(**RESULT), **V2)
    world.provider.ends = {"Up": BROKEN}
    world.run(*stages(**RESULT), **V2)
    assert ["Succeeded", "Failed", "Failed"] == [found.status for found in executions(world)]


def test_parallel_has_no_automatic_rollback():
    document = pipeline(*stages(**RESULT), **V2, executionMode="PARALLEL")
    assert "Failure conditions with rollback result type cannot be added to a PARALLEL" in str(
        [problem.note for problem in checked(document)[1]]
    )


def index_of(world, log):
    index = MemoryExecutionIndex()
    for record in reversed(world.services.executions.list(kind="pipeline")):
        if log.read(record.stream):
            index.submit(
                record.stream,
                kind=record.kind,
                name=record.name,
                status="InProgress",
                parent=record.parent,
                at=record.created_at,
            )
    return index


def test_a_driver_that_dies_anywhere_begins_one_rollback(world):
    world.run(*stages(**RESULT), **V2)
    fail_once(world)
    second = world.run(*stages(**RESULT), **V2)
    back = executions(world)[-1]
    logs = {
        stream: [event for _, event in world.services.log.read(stream)]
        for stream in (second.stream, back.stream, executions(world)[0].stream)
    }
    world.provider.meanwhile = {}
    world.provider.ends = {}
    begun = next(n for n, e in enumerate(logs[second.stream]) if e.key == "rollback:Deploy")
    for kept in range(begun + 1, len(logs[second.stream]) + 1):
        log = MemoryEventLog()
        first = executions(world)[0].stream
        log.append(first, logs[first], expected=0)
        log.append(second.stream, logs[second.stream][:kept], expected=0)
        known = kept > begun + 1  # the one that goes back was submitted before it was noted
        if known:
            log.append(back.stream, logs[back.stream][:1], expected=0)
        world.provider.calls.clear()
        services = replace(world.services, log=log, executions=index_of(world, log))
        assert "Failed" == resume_execution(second.stream, services).status
        assert ["Up"] == world.provider.calls
        assert "Succeeded" == execution_state(back.stream, services).status()
