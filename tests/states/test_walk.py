"""What each kind of state does: with data, with errors, and in time."""

import pytest

from cicd.states.machine import Retrier
from cicd.states.moments import pause
from tests.states.machine_world import Fault, Life, machine, task

DATA = {"order": {"id": 7, "items": ["a", "b"]}, "word": "hi"}
END = {"End": True}


def passing(**more):
    return machine("One", One={"Type": "Pass", "End": True, **more})


@pytest.mark.parametrize(
    ("more", "output"),
    [
        ({}, DATA),
        ({"Result": {"x.$": "$.as.it.is"}}, {"x.$": "$.as.it.is"}),
        (
            {"Result": 1, "ResultPath": "$.order.count"},
            {**DATA, "order": {**DATA["order"], "count": 1}},
        ),
        ({"Result": 1, "ResultPath": "$.new.place"}, {**DATA, "new": {"place": 1}}),
        ({"Result": 1, "ResultPath": None}, DATA),
        ({"InputPath": "$.order"}, DATA["order"]),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.order.items[1]"}, "b"),
        ({"OutputPath": "$.order.items[-1]"}, "b"),
        ({"OutputPath": "$['word']"}, "hi"),
        ({"OutputPath": None}, {}),
        ({"InputPath": "$.order", "Parameters": {"n.$": "$.id", "s": "x"}}, {"n": 7, "s": "x"}),
        ({"Parameters": {"all.$": "$.order.items[*]"}}, {"all": ["a", "b"]}),
        ({"Parameters": {"in": [{"deep.$": "$.word"}]}}, {"in": [{"deep": "hi"}]}),
        ({"Parameters": {"n.$": "$$.Execution.Name"}}, {"n": "one"}),
        (
            {"Parameters": {"n.$": "$$.State.Name", "m.$": "$$.StateMachine.Name"}},
            {"n": "One", "m": "m"},
        ),
        ({"Parameters": {"t.$": "$$.Execution.StartTime"}}, {"t": "2024-01-01T12:00:00.000Z"}),
        ({"Parameters": {"f.$": "States.Format('{}-{}', $.word, $.order.id)"}}, {"f": "hi-7"}),
        (
            {"Parameters": {"f.$": "States.Array($.word, 1, 'it\\'s', true, null)"}},
            {"f": ["hi", 1, "it's", True, None]},
        ),
        ({"Parameters": {"f.$": "States.ArrayLength($.order.items)"}}, {"f": 2}),
        ({"Parameters": {"f.$": "States.ArrayGetItem($.order.items, 1)"}}, {"f": "b"}),
        ({"Parameters": {"f.$": "States.MathAdd($.order.id, -2)"}}, {"f": 5}),
        (
            {"Parameters": {"f.$": "States.StringToJson(States.JsonToString($.order))"}},
            {"f": DATA["order"]},
        ),
    ],
)
def test_data_comes_in_and_goes_out(more, output):
    assert output == Life(passing(**more), DATA).output


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"InputPath": "$.none"}, "States.Runtime"),
        ({"OutputPath": "$.none"}, "States.Runtime"),
        ({"Parameters": {"n.$": "$.none"}}, "States.ParameterPathFailure"),
        ({"ResultPath": "$.word.deeper"}, "States.ResultPathMatchFailure"),
        ({"Parameters": {"n.$": "States.Format('{} {}', $.word)"}}, "States.IntrinsicFailure"),
        ({"Parameters": {"n.$": "States.StringToJson($.word)"}}, "States.IntrinsicFailure"),
    ],
)
def test_data_that_is_not_there_is_an_error_with_the_services_name(more, error):
    assert error == Life(passing(**more), DATA).error[0]


RULES = [
    ({"StringEquals": "hi"}, "$.word", True),
    ({"StringEquals": "ho"}, "$.word", False),
    ({"StringEquals": "7"}, "$.order.id", False),
    ({"StringEqualsPath": "$.word"}, "$.word", True),
    ({"StringLessThan": "hz"}, "$.word", True),
    ({"StringGreaterThanEquals": "hi"}, "$.word", True),
    ({"StringMatches": "h*"}, "$.word", True),
    ({"StringMatches": "h\\*"}, "$.word", False),
    ({"StringMatches": "*.x"}, "$.word", False),
    ({"NumericEquals": 7.0}, "$.order.id", True),
    ({"NumericLessThan": 7}, "$.order.id", False),
    ({"NumericLessThanEquals": 7}, "$.order.id", True),
    ({"NumericGreaterThanPath": "$.order.low"}, "$.order.id", True),
    ({"NumericEquals": 1}, "$.yes", False),
    ({"BooleanEquals": True}, "$.yes", True),
    ({"BooleanEqualsPath": "$.yes"}, "$.yes", True),
    ({"TimestampLessThan": "2026-03-14T02:00:00+01:00"}, "$.at", False),
    ({"TimestampEquals": "2026-03-14T02:59:00+01:00"}, "$.at", True),
    ({"TimestampEquals": "2026-03-14T01:59:00Z"}, "$.word", False),
    ({"IsPresent": False}, "$.none", True),
    ({"IsPresent": True}, "$.null", True),
    ({"IsNull": True}, "$.null", True),
    ({"IsString": True}, "$.word", True),
    ({"IsNumeric": True}, "$.yes", False),
    ({"IsBoolean": False}, "$.word", True),
    ({"IsTimestamp": True}, "$.at", True),
    ({"IsTimestamp": True}, "$.word", False),
]


@pytest.mark.parametrize(("rule", "path", "holds"), RULES)
@pytest.mark.parametrize("around", ["", "Not", "And", "Or"])
def test_a_choice_goes_by_the_first_rule_that_holds(rule, path, holds, around):
    data = {**DATA, "yes": True, "null": None, "at": "2026-03-14T01:59:00Z"}
    data["order"] = {**data["order"], "low": 1}
    rule = {"Variable": path, **rule}
    never = {"Variable": "$.word", "StringEquals": "never"}
    match around:
        case "Not":
            rule, holds = {"Not": rule}, not holds
        case "And":
            rule = {"And": [rule, {"Not": never}]}
        case "Or":
            rule = {"Or": [never, rule]}
    definition = machine(
        "C",
        C={"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        Yes={"Type": "Pass", "Result": True, **END},
        No={"Type": "Pass", "Result": False, **END},
    )
    assert holds is Life(definition, data).output


def test_no_rule_and_no_default_is_an_error_and_so_is_a_variable_that_is_not_there():
    def choosing(path):
        rule = {"Variable": path, "StringEquals": "x", "Next": "E"}
        return machine("C", C={"Type": "Choice", "Choices": [rule]}, E={"Type": "Succeed"})

    assert "States.NoChoiceMatched" == Life(choosing("$.word"), DATA).error[0]
    assert "States.Runtime" == Life(choosing("$.none"), DATA).error[0]


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({"Seconds": 90}, 90),
        ({"SecondsPath": "$.s"}, 7),
        ({"Timestamp": "2024-01-01T12:01:00Z"}, 60),
        ({"Timestamp": "2023-01-01T00:00:00Z"}, 0),
        ({"TimestampPath": "$.at"}, 3600),
    ],
)
def test_a_wait_is_over_at_its_moment_and_hands_its_input_on(more, seconds):
    data = {"s": 7, "at": "2024-01-01T13:00:00Z"}
    life = Life(machine("W", W={"Type": "Wait", **more, **END}), data)
    assert (data, seconds) == (life.output, life.seconds)


def test_a_wait_that_no_calendar_holds_is_an_error_and_no_pause_grows_beyond_it():
    endless = Life(
        machine("W", W={"Type": "Wait", "SecondsPath": "$.s", "End": True}), {"s": 1e99}
    )
    assert endless.error == ("States.Runtime", "'$.s' is no number of seconds: 1e+99")
    retrier = Retrier(error_equals=("States.ALL",), interval=3.0, backoff_rate=10.0)
    pauses = [pause(retrier, times).total_seconds() for times in (0, 1, 9, 500)]
    assert pauses == [3, 30, 99_999_999, 99_999_999]


def test_a_fail_ends_it_with_its_own_words_or_those_of_its_input():
    fixed = machine("F", F={"Type": "Fail", "Error": "Bad", "Cause": "so"})
    assert ("Bad", "so") == Life(fixed).error
    read = machine("F", F={"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"})
    assert ("E", "C") == Life(read, {"e": "E", "c": "C"}).error


def test_a_task_is_asked_with_its_input_and_its_result_is_selected_and_placed():
    definition = machine(
        "T",
        T=task(
            "double",
            InputPath="$.order",
            Parameters={"n.$": "$.id"},
            ResultSelector={"twice.$": "$.value"},
            ResultPath="$.result",
            OutputPath="$.result",
            End=True,
        ),
    )
    life = Life(definition, DATA, double=lambda payload, _: {"value": payload["n"] * 2})
    assert ({"twice": 14}, [("T/0", 0, {"n": 7})]) == (life.output, life.calls)


def test_lambda_invoke_takes_the_function_and_its_payload_from_the_parameters():
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.order", "Qualifier": "live"},
        "End": True,
    }
    life = Life(machine("T", T=invoke), DATA, **{"f:live": lambda payload, _: payload["id"]})
    assert 7 == life.output


def flaky(times, error="Busy"):
    def answer(_payload, nth):
        if nth <= times:
            raise Fault(error, "why")
        return nth

    return answer


@pytest.mark.parametrize(
    ("retry", "at"),
    [
        ([{"ErrorEquals": ["Busy"]}], [0, 2, 5, 10]),  # a second's work, then 1, 2 and 4
        (
            [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 1}],
            [0, 11, 22, 33],
        ),
        (
            [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 3, "MaxDelaySeconds": 4}],
            [0, 4, 9, 14],
        ),
        (
            [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["Busy"], "IntervalSeconds": 0}],
            [0, 1, 2, 3],
        ),
    ],
)
def test_a_task_is_tried_again_after_the_pause_that_its_retry_says(retry, at):
    life = Life(machine("T", T=task(Retry=retry, End=True)), f=flaky(3))
    assert (4, at) == (life.output, [when for _, when, _ in life.calls])


@pytest.mark.parametrize(
    ("retry", "calls"),
    [
        ([{"ErrorEquals": ["Busy"], "MaxAttempts": 1}], 2),
        ([{"ErrorEquals": ["Busy"], "MaxAttempts": 0}], 1),
        ([{"ErrorEquals": ["Other"]}], 1),
        ([], 1),
    ],
)
def test_what_is_tried_often_enough_fails_with_the_last_error(retry, calls):
    life = Life(machine("T", T=task(Retry=retry, End=True)), f=flaky(9))
    assert (("Busy", "why"), calls) == (life.error, len(life.calls))


@pytest.mark.parametrize(
    ("error", "wanted", "caught"),
    [
        ("Busy", "Busy", True),
        ("Busy", "States.ALL", True),
        ("Busy", "States.TaskFailed", True),
        ("Busy", "States.Timeout", False),
        ("States.Timeout", "States.ALL", True),
        ("States.Timeout", "States.TaskFailed", False),
        ("States.Runtime", "States.ALL", False),
        ("States.Runtime", "States.Runtime", True),
        ("States.DataLimitExceeded", "States.TaskFailed", False),
        ("Busy", "States.BranchFailed", False),
    ],
)
def test_a_catch_means_errors_as_the_service_does(error, wanted, caught):
    definition = machine(
        "T",
        T=task(Catch=[{"ErrorEquals": [wanted], "Next": "C", "ResultPath": "$.told"}], End=True),
        C={"Type": "Succeed"},
    )
    life = Life(definition, DATA, f=flaky(9, error))
    if caught:
        assert {**DATA, "told": {"Error": error, "Cause": "why"}} == life.output
    else:
        assert (error, "why") == life.error


def test_a_task_that_takes_too_long_is_waited_for_no_more():
    definition = machine(
        "T",
        T=task(
            TimeoutSeconds=5,
            Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}],
            End=True,
        ),
    )
    life = Life(definition, f=lambda _payload, nth: (60 if nth == 1 else 1, nth))
    assert (2, ["T/0"], [0, 6]) == (life.output, life.cancelled, [at for _, at, _ in life.calls])


def branch(name, **more):
    return machine("B", B=task(name, End=True, **more))


def test_branches_run_side_by_side_and_their_outputs_are_a_list():
    definition = machine(
        "P", P={"Type": "Parallel", "Branches": [branch("f"), branch("g")], **END}
    )
    life = Life(definition, 1, f=lambda p, _: (3, p + 1), g=lambda p, _: (5, p + 2))
    assert ([2, 3], 5) == (life.output, life.seconds)
    assert [("P/0[0].B/0", 0, 1), ("P/0[1].B/0", 0, 1)] == life.calls


@pytest.mark.parametrize("wanted", ["Busy", "States.BranchFailed", "States.ALL"])
def test_a_branch_that_fails_ends_the_others_and_the_parallel_catches_it(wanted):
    definition = machine(
        "P",
        P={
            "Type": "Parallel",
            "Branches": [branch("slow"), branch("bad")],
            "Catch": [{"ErrorEquals": [wanted], "Next": "C"}],
            "End": True,
        },
        C={"Type": "Pass", "OutputPath": "$.Error", **END},
    )
    life = Life(definition, slow=lambda *_: (60, 1), bad=flaky(9))
    assert ("Busy", ["P/0[0].B/0"], 1) == (life.output, life.cancelled, life.seconds)


def test_a_parallel_is_tried_again_as_a_whole():
    definition = machine(
        "P",
        P={
            "Type": "Parallel",
            "Branches": [branch("f"), branch("g")],
            "Retry": [{"ErrorEquals": ["Busy"]}],
            "End": True,
        },
    )
    seen = []

    def once(payload, _nth):
        seen.append(payload)
        if len(seen) == 1:
            raise Fault("Busy")
        return "ok"

    life = Life(definition, f=lambda *_: "f", g=once)
    assert (["f", "ok"], 4) == (life.output, len(life.calls))


def mapping(**more):
    return machine("M", M={"Type": "Map", "ItemProcessor": branch("f"), "End": True, **more})


@pytest.mark.parametrize(
    ("most", "seconds", "begins"),
    [(0, 2, [0] * 5), (1, 10, [0, 2, 4, 6, 8]), (2, 6, [0, 0, 2, 2, 4])],
)
def test_a_map_runs_so_many_at_once_and_keeps_the_order(most, seconds, begins):
    life = Life(mapping(MaxConcurrency=most), [1, 2, 3, 4, 5], takes=2, f=lambda p, _: p * p)
    assert ([1, 4, 9, 16, 25], seconds) == (life.output, life.seconds)
    assert begins == [at for _, at, _ in life.calls]


def test_a_map_selects_for_each_item_from_its_input_and_the_item():
    definition = mapping(
        ItemsPath="$.order.items",
        ItemSelector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "w.$": "$.word"},
        ResultPath="$.done",
        OutputPath="$.done",
    )
    life = Life(definition, DATA, f=lambda payload, _: payload)
    assert [{"i": 0, "v": "a", "w": "hi"}, {"i": 1, "v": "b", "w": "hi"}] == life.output


def test_a_map_of_nothing_is_nothing_and_one_of_no_list_is_an_error():
    assert [] == Life(mapping(), []).output
    assert "States.Runtime" == Life(mapping(), {"a": 1}).error[0]


def test_one_item_that_fails_fails_the_map():
    def answer(payload, _nth):
        if payload == 2:
            raise Fault("Busy", "two")
        return 9, payload

    life = Life(mapping(), [1, 2, 3], f=answer)
    assert (("Busy", "two"), ["M/0[0].B/0", "M/0[2].B/0"]) == (life.error, life.cancelled)


def test_a_loop_asks_until_it_is_done_and_each_visit_has_a_key_of_its_own():
    definition = machine(
        "Ask",
        Ask=task(Next="Done"),
        Done={
            "Type": "Choice",
            "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "End"}],
            "Default": "Later",
        },
        Later={"Type": "Wait", "Seconds": 30, "Next": "Ask"},
        End={"Type": "Succeed"},
    )
    seen = []
    life = Life(definition, f=lambda *_: {"done": seen.append(1) or len(seen) == 3})
    assert ["Ask/0", "Ask#2/0", "Ask#3/0"] == [key for key, *_ in life.calls]
    assert [0, 31, 62] == [at for _, at, _ in life.calls]
    assert {"done": True} == life.output


def test_a_loop_that_never_ends_is_ended(monkeypatch):
    monkeypatch.setattr("cicd.states.walk._MOST_STATES", 250)
    leave = {"Variable": "$.over", "IsPresent": True, "Next": "Over"}
    definition = machine(
        "A",
        A={"Type": "Choice", "Choices": [leave], "Default": "B"},
        B={"Type": "Pass", "Next": "A"},
        Over={"Type": "Succeed"},
    )
    assert "(250)" in Life(definition).error[1]


def test_an_execution_has_its_own_timeout():
    definition = {**machine("W", W={"Type": "Wait", "Seconds": 60, **END}), "TimeoutSeconds": 9}
    life = Life(definition)
    assert ("TIMED_OUT", 9, "States.Timeout") == (life.status, life.seconds, life.ended.error)


def test_an_execution_that_is_stopped_is_aborted_with_all_that_runs():
    life = Life(machine("T", T=task(End=True)), stop_at=3, f=lambda *_: (60, 1))
    assert ("ABORTED", ["T/0"]) == (life.status, life.cancelled)


def test_every_walk_of_one_log_leads_to_the_same_place():
    """Whoever takes an execution up decides what the one before would have decided."""
    definition = machine(
        "P",
        P={
            "Type": "Parallel",
            "Branches": [
                branch("f", Retry=[{"ErrorEquals": ["Busy"]}]),
                mapping(MaxConcurrency=2),
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
            "Next": "C",
        },
        C={"Type": "Succeed"},
    )
    life = Life(definition, [3, 1, 2], f=lambda p, n: (2, p) if n > 1 else flaky(1)(p, n))
    state = life.process.initial()
    for number, event in enumerate(life.events[:-1]):
        state = life.process.apply(state, event)
        decided = life.process.decide(state, event.at)
        known = {each.key for each in life.events[: number + 1] if each.kind == "STARTED"}
        assert not known & {command.key for command in decided.start}
