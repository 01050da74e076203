from cicd.pipeline.approval import put_approval_result, waiting_approvals
from cicd.pipeline.difference import difference
from cicd.pipeline.run import execution_state, start_execution
from tests.pipeline.documents import APPROVAL, SOURCE_STAGE, action, stage
from tests.pipeline.world import MINUTE


def test_an_approval_that_still_waits_has_taken_no_time_to_compare(world):
    plans = [world.plan(SOURCE_STAGE, stage("Ask", action("Say", APPROVAL))) for _ in range(2)]
    streams = [f"pipeline/{plan.execution_id}" for plan in plans]
    seen = []

    def kinds():
        before, after = (execution_state(stream, world.services) for stream in streams)
        seen.append([(each.kind, each.name) for each in difference(before, after)])

    def approve(stream):
        (asked,) = waiting_approvals(stream, world.services)
        put_approval_result(stream, world.services, approval=asked, approved=True)

    for number, (plan, stream) in enumerate(zip(plans, streams, strict=True), start=1):
        begun = world.clock.now()
        if number == 2:
            world.clock.call_at(begun + MINUTE, kinds)
        world.clock.call_at(begun + number * 10 * MINUTE, lambda stream=stream: approve(stream))
        start_execution(plan, world.services)
    kinds()
    assert [[("stage", "Ask"), ("action", "Ask/Say")], [("took", "Ask/Say")]] == seen
