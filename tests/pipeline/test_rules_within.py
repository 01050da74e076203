"""What stands inside triggers, conditions and configurations, pointed at where it stands."""

import pytest

from tests.pipeline.documents import SOURCE_STAGE, action, checked, pipeline, stage

V2 = {"pipelineType": "V2"}
CONNECTION = "Source/AWS/CodeStarSourceConnection"
PLACES = {"ConnectionArn": "arn", "FullRepositoryId": "me/shop", "BranchName": "main"}
CONNECTED = stage(
    "Source",
    action("Get", CONNECTION, makes="code", namespace="Src", configuration=PLACES),
)
LAST = stage("Build", action("Make", takes="code"))


def said(*stages, **more):
    """Each problem with the text that it points at."""
    found = checked(pipeline(*stages, **V2 | more))[1]
    return [
        (problem.rule, problem.span.text.strip('"'))
        for problem in found
        if not problem.rule.endswith("-not-here")
    ]


def triggered(**events):
    git = {"sourceActionName": "Get", **events}
    trigger = {"providerType": "CodeStarSourceConnection", "gitConfiguration": git}
    return said(CONNECTED, LAST, triggers=[trigger])


def asked(gate, result, *rules):
    condition = {"result": result, "rules": list(rules)}
    return said(
        CONNECTED,
        stage("Build", action("Make", takes="code"), **{gate: {"conditions": [condition]}}),
    )


def a_rule(provider, **configuration):
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": "Look", "ruleTypeId": kind, "configuration": configuration}


def test_one_filter_for_branches_and_one_for_tags_are_fine():
    assert [] == triggered(
        push=[{"branches": {"includes": ["main"]}}, {"tags": {"includes": ["v*"]}}]
    )


def test_equal_filters_are_refused_in_whatever_order_their_keys_stand():
    one = {"branches": {"includes": ["main"]}, "filePaths": {"includes": ["src/**"]}}
    other = {"filePaths": {"includes": ["src/**"]}, "branches": {"includes": ["main"]}}
    assert ["pipeline/trigger-filter"] == [rule for rule, _ in triggered(push=[one, other])]


def test_a_misspelt_key_of_a_filter_is_told():
    found = triggered(pullRequest=[{"event": ["OPEN"], "branches": {"include": ["main"]}}])
    assert [("pipeline/unknown-key", "event"), ("pipeline/unknown-key", "include")] == found


def test_a_pattern_of_a_full_reference_matches_nothing():
    found = triggered(push=[{"branches": {"includes": ["refs/heads/main", "release/*"]}}])
    assert [("pipeline/trigger-pattern", "refs/heads/main")] == found


def test_references_are_looked_for_in_commands_and_variables_too():
    compute = action(
        "Run",
        "Compute/AWS/Commands",
        takes="code",
        configuration={},
        commands=["echo #{Src.CommitId} #{Nobody.X}"],
        environmentVariables=[{"name": "A", "value": "#{Src.CommitID}"}],
    )
    assert [
        ("pipeline/variable-reference", "#{Nobody.X}"),
        ("pipeline/unknown-variable", "#{Src.CommitID}"),
    ] == said(CONNECTED, stage("Run", compute))


@pytest.mark.parametrize(("gate", "refused"), [("beforeEntry", True), ("onSuccess", False)])
def test_a_condition_reads_what_has_run_by_then(gate, refused):
    rule = a_rule("VariableCheck", Variable="#{Own.X}", Value="1", Operator="EQ")
    gates = {gate: {"conditions": [{"result": "FAIL", "rules": [rule]}]}}
    build = action("Make", takes="code", namespace="Own")
    found = said(SOURCE_STAGE, stage("Build", build, **gates))
    assert ([("pipeline/variable-reference", "#{Own.X}")] if refused else []) == found


def test_a_compute_action_gives_the_variables_it_names():
    compute = action(
        "Run",
        "Compute/AWS/Commands",
        takes="code",
        configuration={},
        namespace="Ran",
        commands=["make"],
        outputVariables=["TAG"],
    )
    ask = action("Ask", "Approval/AWS/Manual", configuration={"CustomData": "#{Ran.TAGS}"})
    found = said(CONNECTED, stage("Run", compute), stage("Ask", ask))
    assert [("pipeline/unknown-variable", "#{Ran.TAGS}")] == found


def test_a_rule_of_a_condition_is_read_key_by_key():
    wrong = a_rule("CloudWatchAlarm", AlarmName="a", AlarmStates="RED", WaitTim="5")
    assert [("pipeline/gate-rule", "RED"), ("pipeline/unknown-key", "WaitTim")] == asked(
        "onSuccess", "FAIL", wrong
    )


def test_an_alarm_may_be_wanted_in_several_states():
    several = a_rule("CloudWatchAlarm", AlarmName="a", AlarmStates="OK, INSUFFICIENT_DATA")
    assert [] == asked("onSuccess", "FAIL", several)
    slip = "OK,INSUFFICIENT"
    wrong = a_rule("CloudWatchAlarm", AlarmName="a", AlarmStates=slip)
    assert [("pipeline/gate-rule", slip)] == asked("onSuccess", "FAIL", wrong)


def test_only_an_entry_is_skipped():
    rule = a_rule("LambdaInvoke", FunctionName="f")
    assert [] == asked("beforeEntry", "SKIP", rule)
    assert [("pipeline/gate-result", "SKIP")] == asked("onSuccess", "SKIP", rule)
    assert [("pipeline/gate-result", "SKIP")] == asked("onFailure", "SKIP", rule)


@pytest.mark.parametrize(
    ("cron", "zone", "wrong"),
    [
        ("* * 9-17 ? * MON-FRI", "Europe/Berlin", ""),
        ("0 0/5 9,12 L * ? 2026", "UTC+02:00", ""),
        ("0 0 1 LW jan,feb ?", "PST", ""),
        ("0 0 #{Src.CommitId} ? * 2#1", "#{Src.BranchName}", ""),
        ("* * * * *", "UTC", "Cron"),
        ("0 0 9 1 * MON", "UTC", "Cron"),  # one of the two days is '?'
        ("0 0 9 ? * MONDAY", "UTC", "Cron"),
        ("0 0 25 ? * MON", "UTC", "Cron"),
        ("0 0 9 ? * MON", "Europe/Berlinn", "TimeZone"),
    ],
)
def test_a_window_that_could_not_be_asked_is_told_before(cron, zone, wrong):
    given = {"Cron": cron, "TimeZone": zone}
    found = asked("beforeEntry", "FAIL", a_rule("DeploymentWindow", **given))
    assert ([("pipeline/gate-rule", given[wrong])] if wrong else []) == found


def test_a_stack_needs_what_its_mode_needs():
    up = action(
        "Up",
        "Deploy/AWS/CloudFormation",
        takes="code",
        configuration={"ActionMode": "CHANGE_SET_REPLACE", "StackName": "shop"},
    )
    found = checked(pipeline(CONNECTED, stage("Deploy", up)))[1]
    assert [
        f"'Up' has no '{key}', which CHANGE_SET_REPLACE needs"
        for key in ("TemplatePath", "RoleArn", "ChangeSetName")
    ] == [problem.message for problem in found if problem.rule == "pipeline/stack-mode"]


@pytest.mark.parametrize(
    ("gate", "taken", "told"),
    [
        ("beforeEntry", "code", False),
        ("beforeEntry", "made", True),
        ("onSuccess", "made", False),
        ("onFailure", "made", False),
        ("onSuccess", "nothing", True),
    ],
)
def test_what_a_rule_takes_is_made_before_it_is_asked(gate, taken, told):
    rule = {**a_rule("CodeBuild", ProjectName="app"), "inputArtifacts": [{"name": taken}]}
    condition = {"conditions": [{"result": "FAIL", "rules": [rule]}]}
    found = said(
        CONNECTED,
        stage("Build", action("Make", takes="code", makes="made"), **{gate: condition}),
        stage("Last", action("Use", takes="made")),
    )
    assert ([("pipeline/input-order", taken)] if told else []) == found


@pytest.mark.parametrize(("gate", "result"), [("onSuccess", "SKIP"), ("onFailure", "RETRY")])
def test_a_wrong_result_of_a_condition_is_told_once(gate, result):
    rule = a_rule("VariableCheck", Variable="a", Value="a", Operator="EQ")
    condition = {"conditions": [{"result": result, "rules": [rule]}]}
    document = pipeline(
        CONNECTED, stage("Build", action("Make", takes="code"), **{gate: condition}), **V2
    )
    assert ["pipeline/gate-result"] == [problem.rule for problem in checked(document)[1]]
