"""Where the token of an approval is told, by the pipeline's mode."""

import pytest

from cicd.pipeline.approval import put_approval_result, waiting_approvals
from cicd.pipeline.run import execution_result, start_execution
from tests.pipeline.documents import APPROVAL, SOURCE_STAGE, action, stage
from tests.pipeline.world import MINUTE


@pytest.mark.parametrize(("mode", "told"), [("PARALLEL", True), ("QUEUED", False)])
def test_the_token_of_a_parallel_pipelines_approval_is_its_external_execution_id(
    world, mode, told
):
    asks = stage("Ask", action("Say", APPROVAL))
    plan = world.plan(SOURCE_STAGE, asks, executionMode=mode, pipelineType="V2")
    stream, seen = f"pipeline/{plan.execution_id}", []

    def external():
        details = execution_result(stream, world.services).execution["actionExecutionDetails"]
        return details[0]["output"]["executionResult"]["externalExecutionId"]

    def answer():
        (asked,) = waiting_approvals(stream, world.services)
        seen.append((external(), asked.token))
        put_approval_result(stream, world.services, approval=asked, approved=True)

    world.clock.call_at(world.clock.now() + MINUTE, answer)
    assert "Succeeded" == start_execution(plan, world.services).status
    ((before, token),) = seen
    assert (token if told else "",) * 2 == (before, external())
