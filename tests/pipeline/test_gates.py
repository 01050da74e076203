"""What each kind of a condition's rules says, and what the execution makes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.pipeline.gates import GATES
from cicd.pipeline.pipeline_state import pipeline_state
from cicd.pipeline.result import FailureType, failed
from cicd.pipeline.run import execution_state, stop_execution
from cicd.pipeline.shapes import stage_status
from cicd.ports import Reading
from cicd.testing.clock import START
from tests.pipeline.documents import SOURCE_STAGE, action, checked, pipeline, rules, stage
from tests.pipeline.gates import FAILS, HOLDS, equal, gate, rule
from tests.pipeline.world import MINUTE

V2 = {"pipelineType": "V2"}
LAST = stage("Last", action("End", takes="code"))
BROKEN = failed(FailureType.JOB_FAILED, "it broke", external_id="check:1")
ALARMS = "local: {alarms: {slow: {url: 'http://127.0.0.1:1/', period: 60}}}"


def run(world, **gates):
    build = stage("Build", action("Compile", takes="code"), **gates)
    result = world.run(SOURCE_STAGE, build, LAST, **V2)
    state = execution_state(result.stream, world.services)
    return result, [stage_status(state, found) for found in state.plan.stages]


def said(result):
    return [
        found["output"]["executionResult"]["externalExecutionSummary"]
        for found in result.execution["ruleExecutionDetails"]
    ]


class Looks:
    """A watcher whose probe is content from a moment on."""

    def __init__(self, world, good_from):
        self.world, self.good_from = world, good_from

    def look(self, probe):
        good = self.world.clock.now() >= START + self.good_from
        return Reading(good=good, words="answered 200" if good else "answered 503")


def watched(world, good_from):
    (world.home / "cicd.yml").write_text(ALARMS)
    looks = Looks(world, good_from)
    world.services = replace(world.services, watcher=lambda: looks)


def window(cron, zone="UTC"):
    return rule("DeploymentWindow", configuration={"Cron": cron, "TimeZone": zone})


def test_a_window_that_is_open_lets_in_and_one_that_is_closed_does_not(world):
    hour = START.hour
    result, stages = run(world, beforeEntry=gate("FAIL", window(f"* * {hour} * * ?")))
    assert ("Succeeded", ["Succeeded"] * 3) == (result.status, stages)
    result, stages = run(world, beforeEntry=gate("FAIL", window(f"* * {hour} * * ?", "UTC+01")))
    assert ("Failed", ["Succeeded", "Failed", None]) == (result.status, stages)
    assert "is outside the window" in said(result)[0]


def alarm(**configuration):
    return rule("CloudWatchAlarm", configuration={"AlarmName": "slow", **configuration})


def test_an_alarm_that_is_ok_at_once_is_not_waited_for(world):
    watched(world, timedelta())
    result, _ = run(world, onSuccess=gate("FAIL", alarm(WaitTime="30")))
    assert ("Succeeded", START) == (result.status, world.clock.now())


def test_an_alarm_is_waited_for_until_it_is_ok(world):
    watched(world, 5 * MINUTE)
    result, _ = run(world, onSuccess=gate("FAIL", alarm(WaitTime="30")))
    assert "Succeeded" == result.status
    assert 5 * MINUTE <= world.clock.now() - START <= 6 * MINUTE


def test_an_alarm_that_never_is_ok_fails_the_rule_when_its_time_is_over(world):
    watched(world, timedelta(days=1))
    result, stages = run(world, onSuccess=gate("FAIL", alarm(WaitTime="3")))
    assert ("Failed", "Failed") == (result.status, stages[1])
    assert START + 3 * MINUTE == world.clock.now()
    assert ["the alarm slow is ALARM after 3 min: answered 503"] == said(result)


def test_a_wanted_state_is_enough(world):
    watched(world, timedelta(days=1))
    result, _ = run(world, onSuccess=gate("FAIL", alarm(AlarmStates="ALARM")))
    assert "Succeeded" == result.status


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"AlarmName": "slaw"}, "cicd.yml has no alarm 'slaw'; did you mean 'slow'?"),
        ({"WaitTime": "soon"}, "WaitTime: 'soon' is not a number of minutes"),
    ],
)
def test_what_cannot_be_watched_does_not_hold_and_says_why(world, configuration, words):
    watched(world, timedelta())
    result, _ = run(world, beforeEntry=gate("FAIL", alarm(**configuration)))
    assert ("Failed", [words]) == (result.status, said(result))
    (found,) = result.execution["ruleExecutionDetails"]
    assert "ConfigurationError" == found["output"]["executionResult"]["errorDetails"]["code"]


def builds(name="Check"):
    return rule("CodeBuild", name, {"ProjectName": "check"}, inputArtifacts=[{"name": "code"}])


def test_a_build_is_asked_with_the_rules_artifacts(world):
    result, stages = run(world, onSuccess=gate("FAIL", builds()))
    assert ("Succeeded", ["Succeeded"] * 3) == (result.status, stages)
    assert ["Checkout", "Compile", "Check", "End"] == world.provider.calls
    request = world.provider.requests["Check"]
    assert ("check", ["code"]) == (
        request.configuration["ProjectName"],
        [artifact.name for artifact in request.inputs],
    )


def test_a_build_that_fails_does_not_hold_and_has_its_id(world):
    world.provider.ends = {"Check": BROKEN}
    result, stages = run(world, onSuccess=gate("FAIL", builds()))
    assert ("Failed", "Failed") == (result.status, stages[1])
    (found,) = result.execution["ruleExecutionDetails"]
    assert "check:1" == found["output"]["executionResult"]["externalExecutionId"]


def test_a_rule_without_its_artifact_does_not_hold(world):
    bare = rule("CodeBuild", "Check", {"ProjectName": "check"})
    result, _ = run(world, beforeEntry=gate("FAIL", bare))
    assert ["there is no input artifact for the build to work on"] == said(result)


def test_all_rules_are_asked_at_once_and_one_that_fails_fails_the_condition(world):
    world.provider.takes = {"One": 5 * MINUTE, "Two": 5 * MINUTE}
    world.provider.ends = {"One": BROKEN}
    result, _ = run(
        world, onSuccess=gate("FAIL", builds("One"), builds("Two"), equal("a", "a", "Three"))
    )
    assert START + 5 * MINUTE == world.clock.now()
    details = result.execution["ruleExecutionDetails"]
    assert [("One", "Failed"), ("Two", "Succeeded"), ("Three", "Succeeded")] == [
        (found["ruleName"], found["status"]) for found in details
    ]
    assert 3 == len({found["ruleExecutionId"] for found in details})
    assert details[0]["startTime"] < details[0]["lastUpdateTime"]


def test_a_rule_that_takes_too_long_is_ended_and_does_not_hold(world):
    world.provider.takes = {"Check": timedelta(days=1)}
    slow = {**builds(), "timeoutInMinutes": 7}
    result, _ = run(world, onSuccess=gate("FAIL", slow))
    assert ("Failed", START + 7 * MINUTE) == (result.status, world.clock.now())
    assert ["not over after 0:07:00, and was ended"] == said(result)


def test_who_abandons_an_execution_abandons_its_rules(world):
    world.provider.takes = {"Check": timedelta(days=1)}

    def stop():
        (record,) = world.services.executions.list(kind="pipeline")
        stop_execution(record.stream, world.services, abandon=True)

    world.provider.meanwhile = {"Check": stop}
    result, stages = run(world, onSuccess=gate("FAIL", builds()))
    assert ("Stopped", "Stopped") == (result.status, stages[1])
    (found,) = result.execution["ruleExecutionDetails"]
    assert "Abandoned" == found["status"]


def test_on_failure_is_asked_once_all_actions_have_ended_and_the_stage_stays_failed(world):
    world.provider.ends = {"Compile": BROKEN}
    result, stages = run(world, onFailure=gate("FAIL", HOLDS))
    assert ("Failed", "Failed") == (result.status, stages[1])
    assert ["'a' EQ 'a' is true"] == said(result)
    assert ["Checkout", "Compile"] == world.provider.calls


def test_on_failure_is_not_asked_of_a_stage_that_succeeded(world):
    result, _ = run(world, onFailure=gate("ROLLBACK", FAILS))
    assert "Succeeded" == result.status
    assert "ruleExecutionDetails" not in result.execution


def declared(**gates):
    return (SOURCE_STAGE, stage("Build", action("Compile", takes="code"), **gates), LAST)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (window("* * 9 1 * MON"), "Cron: one of the day of month and the day of week"),
        (window("* * * * * ?", "Mars/Base"), "TimeZone: 'Mars/Base' is not a time zone"),
    ],
)
def test_a_window_that_cannot_be_is_never_open_and_says_why(world, asked, words):
    result, _ = run(world, beforeEntry=gate("FAIL", asked))
    assert ("Failed", True) == (result.status, said(result)[0].startswith(words))


@pytest.mark.parametrize(
    "gates",
    [
        {"onSuccess": gate("SKIP", HOLDS)},
        {"onFailure": gate("SKIP", HOLDS)},
        {"beforeEntry": gate("SKIP", window("* * * * * ?"))},
    ],
)
def test_22_skip_is_for_before_entry_and_two_kinds_of_rules(gates):
    assert ["pipeline/gate-result"] == [
        problem.rule
        for problem in checked(pipeline(*declared(**gates), **V2))[1]
        if problem.severity == "error"
    ]


def test_22_a_gate_has_one_condition_of_at_most_five_rules():
    two = {"conditions": [{"result": "FAIL", "rules": [HOLDS]}] * 2}
    six = gate("FAIL", *(equal("a", "a", f"R{number}") for number in range(6)))
    for gates in (two, six):
        assert "pipeline/out-of-range" in rules(*declared(beforeEntry=gates), **V2)


def test_each_conditions_rules_are_told_as_its_own_whatever_they_are_called(world):
    entry, success = gate("FAIL", equal("a", "a")), gate("FAIL", equal("a", "b"))
    result, _ = run(world, beforeEntry=entry, onSuccess=success)
    state = execution_state(result.stream, world.services)
    stages = pipeline_state(state.plan, world.services)["stageStates"]
    (build,) = [found for found in stages if found["stageName"] == "Build"]
    shown = {
        key: [
            (rule["ruleName"], rule["latestExecution"]["status"])
            for condition in found["conditionStates"]
            for rule in condition["ruleStates"]
        ]
        for key, found in build.items()
        if key.endswith("ConditionState")
    }
    assert {
        "beforeEntryConditionState": [("IsIt", "Succeeded")],
        "onSuccessConditionState": [("IsIt", "Failed")],
    } == shown


def test_rules_that_are_named_alike_do_not_share_a_directory(world, monkeypatch):
    seen = []

    class Looked:
        def ask(self, request, services, scope, *, again):
            seen.append(request.workspace)
            return request.said(holds=True, summary="")

    monkeypatch.setitem(GATES._loaded, "Commands", Looked())
    alike = rule("Commands", "Check", commands=["true"], inputArtifacts=[{"name": "code"}])
    result, _ = run(world, beforeEntry=gate("FAIL", alike, alike), onSuccess=gate("FAIL", alike))
    assert "Succeeded" == result.status
    assert 3 == len(set(seen))
