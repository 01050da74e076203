"""Definitions that are refused: with the state's name, and where it stands."""

import pytest

from tests.states.machine_world import machine, read, task

END = {"End": True}


def one(**state):
    return machine("One", One=state)


@pytest.mark.parametrize(
    ("definition", "rule", "words"),
    [
        ({"States": {}}, "missing-key", "'StartAt' is missing in the state machine"),
        (machine("", One={"Type": "Succeed"}), "invalid", "there is no state ''"),
        ({"StartAt": "A"}, "missing-key", "'States' is missing"),
        (machine("Onne", One={"Type": "Succeed"}), "invalid", "there is no state 'Onne'"),
        (one(Type="Pass", Next="Nowhere"), "invalid", "there is no state 'Nowhere'"),
        (one(Type="Pass"), "invalid", "the state 'One' has either 'Next' or 'End: true'"),
        (one(Type="Pass", Next="One", End=True), "invalid", "either 'Next' or 'End: true'"),
        (one(Type="Activity", End=True), "invalid", "'Activity' of the state 'One' is no type"),
        (one(Type=""), "invalid", "'' of the state 'One' is no type"),
        (one(Type="Pass", End=True, Assign={}), "refused", "'Assign' of the state 'One' is not"),
        (
            one(**task(Catch=[{"ErrorEquals": ["x"], "Assign": {}, "Next": "One"}], End=True)),
            "refused",
            "'Assign' of 'Catch' of the state 'One' is not carried out here",
        ),
        (
            one(
                Type="Choice",
                Choices=[{"Variable": "$", "IsNull": True, "Assign": {}, "Next": "One"}],
            ),
            "refused",
            "'Assign' of a rule of the state 'One' is not carried out here",
        ),
        (one(Type="Pass", End=True, Asign={}), "unknown-key", "'Asign' is not a key of"),
        (
            machine("A", A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
            "invalid",
            "no state of the state machine is an end",
        ),
        (one(Type="Succeed", Next="One"), "unknown-key", "'Next' is not a key of"),
        (one(Type="Pass", End=True, QueryLanguage="JSONata"), "refused", "the state 'One' is"),
        ({**one(Type="Succeed"), "QueryLanguage": "JSONata"}, "refused", "in JSONata"),
        (
            one(Type="Task", Resource="arn:aws:states:::sqs:sendMessage", End=True),
            "refused",
            "the resource 'arn:aws:states:::sqs:sendMessage' of the state 'One'",
        ),
        (
            one(
                Type="Task",
                Resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
                End=True,
            ),
            "refused",
            "waitForTaskToken",
        ),
        (one(**task(HeartbeatSeconds=3, End=True)), "refused", "heartbeats"),
        (
            one(**task(Retry=[{"ErrorEquals": ["x"], "JitterStrategy": "FULL"}], End=True)),
            "refused",
            "the jitter of the state 'One'",
        ),
        (one(**task(Retry=[{"MaxAttempts": 2}], End=True)), "invalid", "names no error"),
        (
            one(**task(Catch=[{"ErrorEquals": ["x"], "Next": "No"}], End=True)),
            "invalid",
            "there is no state 'No'",
        ),
        (one(Type="Pass", InputPath="$..x", End=True), "refused", "'..x' of the path '$..x'"),
        (one(Type="Pass", InputPath="x", End=True), "invalid", "it must begin with $"),
        (one(Type="Pass", ResultPath="$.a[*]", End=True), "invalid", "no reference path"),
        (one(Type="Pass", ResultPath="$$.x", End=True), "invalid", "no reference path"),
        (
            one(Type="Pass", Parameters={"u.$": "States.UUID()"}, End=True),
            "refused",
            "States.UUID is not carried out here",
        ),
        (one(Type="Pass", Parameters={"u.$": 3}, End=True), "invalid", "must be a path"),
        (
            one(Type="Pass", Parameters={"u.$": "States.Formt('x')"}, End=True),
            "invalid",
            "there is no intrinsic function States.Formt",
        ),
        (
            one(Type="Pass", Parameters={"u.$": "States.Format('x'"}, End=True),
            "invalid",
            "lacks a comma, or a ')'",
        ),
        (one(Type="Wait", End=True), "invalid", "the state 'One' has one of 'Seconds'"),
        (
            one(Type="Wait", Seconds=-1, End=True),
            "invalid",
            "must be a number from 0 to 99,999,999",
        ),
        (one(Type="Wait", Seconds=1e300, End=True), "invalid", "from 0 to 99,999,999"),
        (one(Type="Wait", Timestamp="noon", End=True), "invalid", "'noon' is no moment"),
        (one(Type="Choice"), "invalid", "the state 'One' has no 'Choices'"),
        (
            one(Type="Choice", Choices=[{"Variable": "$", "IsNull": True}]),
            "invalid",
            "a rule of the state 'One' has no 'Next'",
        ),
        (
            one(Type="Choice", Choices=[{"Variable": "$", "Is": 1, "Next": "One"}]),
            "invalid",
            "there is no comparison 'Is'",
        ),
        (
            one(Type="Choice", Choices=[{"StringEquals": "x", "Next": "One"}]),
            "invalid",
            "'StringEquals' needs a 'Variable'",
        ),
        (
            one(Type="Choice", Choices=[{"And": [], "Next": "One"}]),
            "invalid",
            "'And' is a list of rules",
        ),
        (one(Type="Parallel", End=True), "invalid", "has no 'Branches'"),
        (
            one(Type="Parallel", Branches=[one(Type="Pass")], End=True),
            "invalid",
            "either 'Next' or 'End: true'",
        ),
        (
            one(
                Type="Map",
                ItemProcessor={
                    **one(Type="Succeed"),
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                },
                End=True,
            ),
            "refused",
            "the state 'One' is a distributed map",
        ),
        (one(Type="Map", End=True), "invalid", "has no 'ItemProcessor'"),
    ],
)
def test_what_is_not_carried_out_is_refused_with_its_place(definition, rule, words):
    problems = read(definition)[1]
    found = [each for each in problems if each.rule == f"states/{rule}"]
    assert any(words in each.message for each in found), [each.message for each in problems]
    assert all("machine.json:" in str(each.span) for each in problems)


def test_what_is_refused_is_told_once_and_nothing_else_is_said_of_it():
    state = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "IsNull": True, "Assign": {"a": 1}, "Next": "Done"}],
        "Default": "Ask",
    }
    caught = task(Catch=[{"ErrorEquals": ["x"], "Assign": {"a": 1}, "Next": "Done"}], End=True)
    problems = read(machine("One", One=state, Ask=caught, Done={"Type": "Succeed"}))[1]
    assert ["states/refused"] * 2 == [each.rule for each in problems]


def test_a_whole_machine_of_the_language_is_read():
    definition = {
        "Comment": "all of it",
        "Version": "1.0",
        "TimeoutSeconds": 3600,
        "StartAt": "P",
        "States": {
            "P": {"Type": "Parallel", "Branches": [one(Type="Succeed")], "Next": "M"},
            "M": {
                "Type": "Map",
                "Iterator": one(Type="Fail", Error="E", Cause="C", Comment="no"),
                "MaxConcurrency": 3,
                "Catch": [{"ErrorEquals": ["E"], "ResultPath": None, "Next": "W"}],
                "Next": "W",
            },
            "W": {"Type": "Wait", "Seconds": 1, **END},
        },
    }
    machine_, problems = read(definition)
    assert [] == problems
    assert ["P", "M", "W"] == list(machine_.states)
    assert machine_.states["M"].catch[0].result_path is None
