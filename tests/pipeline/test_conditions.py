import pytest

from cicd.pipeline.commands import RetryMode
from cicd.pipeline.compile import Start
from cicd.pipeline.condition import RulePlan, evaluate
from cicd.pipeline.run import execution_state, resume_execution
from cicd.pipeline.shapes import stage_status
from cicd.pipeline.stages import retry_stage
from tests.pipeline.documents import SOURCE_STAGE, action, rules, stage

MORE = {"pipelineType": "V2", "variables": [{"name": "to", "defaultValue": "dev"}]}
LAST = stage("Last", action("End", takes="code"))


def gate(result, *, value="prod", provider="VariableCheck"):
    configuration = {"Variable": "#{variables.to}", "Value": value, "Operator": "EQ"}
    rule = {
        "name": "IsIt",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration,
    }
    return {"conditions": [{"result": result, "rules": [rule]}]}


def build(**gates):
    return stage("Build", action("Compile", takes="code"), **gates)


def run(world, *, to="dev", **gates):
    start = Start(variables={"to": to})
    result = world.run(SOURCE_STAGE, build(**gates), LAST, start=start, **MORE)
    state = execution_state(result.stream, world.services)
    return result, [stage_status(state, found) for found in state.plan.stages]


def test_a_condition_that_holds_lets_the_stage_run(world):
    result, stages = run(world, to="prod", beforeEntry=gate("FAIL"), onSuccess=gate("FAIL"))
    assert ("Succeeded", ["Succeeded"] * 3) == (result.status, stages)
    assert ["Checkout", "Compile", "End"] == world.provider.calls


def test_before_entry_fail_runs_no_action_and_fails_the_stage(world):
    result, stages = run(world, beforeEntry=gate("FAIL"))
    assert ("Failed", ["Succeeded", "Failed", None]) == (result.status, stages)
    assert ["Checkout"] == world.provider.calls
    assert any("'dev' EQ 'prod' is false" in text for text in world.reporter.said())


def test_48_before_entry_skip_goes_on_with_the_next_stage(world):
    result, stages = run(world, beforeEntry=gate("SKIP"))
    assert ("Succeeded", ["Succeeded", "Skipped", "Succeeded"]) == (result.status, stages)
    assert ["Checkout", "End"] == world.provider.calls


def test_on_success_fail_fails_the_stage_after_its_actions(world):
    result, stages = run(world, onSuccess=gate("FAIL"))
    assert ("Failed", ["Succeeded", "Failed", None]) == (result.status, stages)
    assert ["Checkout", "Compile"] == world.provider.calls


def test_a_retry_asks_the_condition_again(world):
    result, _ = run(world, beforeEntry=gate("FAIL"))
    retry_stage(
        result.stream,
        world.services,
        stage="Build",
        mode=RetryMode.FAILED_ACTIONS,
        now_is=None,
    )
    assert "Failed" == resume_execution(result.stream, world.services).status
    assert 2 == sum("beforeEntry Failed" in text for text in world.reporter.said())


def test_what_the_rules_said_has_awss_shape(world):
    result, _ = run(world, beforeEntry=gate("SKIP"))
    (found,) = result.execution["ruleExecutionDetails"]
    assert ("Build", "IsIt", "Failed") == (
        found["stageName"],
        found["ruleName"],
        found["status"],
    )
    assert "dev" == found["input"]["resolvedConfiguration"]["Variable"]
    assert "#{variables.to}" == found["input"]["configuration"]["Variable"]


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "status"),
    [
        ("a", "EQ", "a", "Succeeded"),
        ("a", "EQ", "A", "Failed"),
        ("a", "NE", "b", "Succeeded"),
        ("abc", "CONTAINS", "b", "Succeeded"),
        ("abc", "CONTAINS", "x", "Failed"),
        ("v12", "MATCHES", r"v\d+", "Succeeded"),
        ("v12x", "MATCHES", r"v\d+", "Failed"),
        ("v", "MATCHES", "(", "Failed"),
        ("a" * 60 + "!", "MATCHES", "(a|aa)+", "Failed"),
        ("#{made.nothing}", "EQ", "a", "Failed"),
    ],
)
def test_a_variable_is_checked_by_its_operator(value, operator, wanted, status):
    configuration = {"Variable": value, "Operator": operator, "Value": wanted}
    rule = RulePlan(name="r", provider="VariableCheck", configuration=configuration)
    assert status == evaluate(rule, {}).status


def test_a_condition_without_rules_cannot_be_asked_which_is_said_before():
    empty = {"beforeEntry": {"conditions": [{"result": "FAIL"}]}}
    assert "pipeline/condition-not-here" in rules(SOURCE_STAGE, build(**empty), LAST, **MORE)
