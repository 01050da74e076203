"""Conditions that somebody overrides."""

import pytest

from cicd.errors import UsageError
from cicd.pipeline.run import execution_state, resume_execution
from cicd.pipeline.shapes import stage_status
from cicd.pipeline.stages import override_condition
from tests.pipeline.documents import SOURCE_STAGE, action, stage
from tests.pipeline.gates import FAILS, HOLDS, gate
from tests.pipeline.test_gates import BROKEN, LAST, V2


def run(world, **gates):
    return world.run(
        SOURCE_STAGE, stage("Build", action("Compile", takes="code"), **gates), LAST, **V2
    )


def override(world, result, kind):
    override_condition(result.stream, world.services, stage="Build", kind=kind)
    world.provider.calls.clear()
    again = resume_execution(result.stream, world.services)
    state = execution_state(result.stream, world.services)
    return again, [stage_status(state, found) for found in state.plan.stages]


def test_before_entry_overridden_runs_the_stages_actions_and_goes_on(world):
    result, stages = override(world, run(world, beforeEntry=gate("FAIL", FAILS)), "BEFORE_ENTRY")
    assert ("Succeeded", ["Succeeded"] * 3) == (result.status, stages)
    assert ["Compile", "End"] == world.provider.calls


def test_on_success_overridden_goes_on_and_runs_no_action_again(world):
    result, stages = override(world, run(world, onSuccess=gate("FAIL", FAILS)), "ON_SUCCESS")
    assert ("Succeeded", ["Succeeded"] * 3) == (result.status, stages)
    assert ["End"] == world.provider.calls


def test_what_comes_after_an_overridden_entry_is_asked_all_the_same(world):
    first = run(world, beforeEntry=gate("FAIL", FAILS), onSuccess=gate("FAIL", FAILS))
    result, stages = override(world, first, "BEFORE_ENTRY")
    assert ("Failed", "Failed") == (result.status, stages[1])
    result, stages = override(world, first, "ON_SUCCESS")
    assert ("Succeeded", "Succeeded") == (result.status, stages[1])


def test_an_override_is_not_a_retry_in_the_answers(world):
    result, _ = override(world, run(world, onSuccess=gate("FAIL", FAILS)), "ON_SUCCESS")
    assert "retryStageMetadata" not in result.execution


@pytest.mark.parametrize(
    ("gates", "ends", "kind", "words"),
    [
        ({"beforeEntry": gate("SKIP", FAILS)}, {}, "BEFORE_ENTRY", "was skipped"),
        ({"beforeEntry": gate("FAIL", HOLDS)}, {}, "BEFORE_ENTRY", "is Succeeded"),
        ({"beforeEntry": gate("FAIL", HOLDS)}, {}, "ON_SUCCESS", "was asked"),
        ({"onFailure": gate("FAIL", FAILS)}, {"Compile": BROKEN}, "ON_SUCCESS", "was asked"),
    ],
)
def test_what_cannot_be_overridden_is_refused(world, gates, ends, kind, words):
    world.provider.ends = ends
    result = run(world, **gates)
    with pytest.raises(UsageError, match=words) as refused:
        override_condition(result.stream, world.services, stage="Build", kind=kind)
    assert "ConditionNotOverridableException" == refused.value.hint


def test_a_condition_is_overridden_once(world):
    result = run(world, beforeEntry=gate("FAIL", FAILS))
    override(world, result, "BEFORE_ENTRY")
    with pytest.raises(UsageError, match="is Overridden"):
        override_condition(result.stream, world.services, stage="Build", kind="BEFORE_ENTRY")


def test_only_the_latest_execution_of_a_stage_is_overridden(world):
    first = run(world, beforeEntry=gate("FAIL", FAILS))
    run(world, beforeEntry=gate("FAIL", FAILS))
    with pytest.raises(UsageError, match="has entered the stage 'Build' since"):
        override_condition(first.stream, world.services, stage="Build", kind="BEFORE_ENTRY")
