"""Definitions that are broken at random: each has a problem, or it runs to an end of its own."""

import json
import random

import pytest

from cicd.states.process import Status
from tests.states.machine_world import Life, machine, read, task

RETRY = [{"ErrorEquals": ["x"], "IntervalSeconds": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "T", "ResultPath": "$.e"}]
WHOLE = machine(
    "P",
    P={
        "Type": "Pass",
        "Result": 1,
        "ResultPath": "$.x",
        "Parameters": {"a.$": "States.Format('{}', $.x)"},
        "Next": "W",
    },
    W={"Type": "Wait", "SecondsPath": "$.x", "Next": "C"},
    C={
        "Type": "Choice",
        "Choices": [{"Not": {"Variable": "$.y", "IsPresent": True}, "Next": "M"}],
        "Default": "S",
    },
    M={
        "Type": "Map",
        "ItemsPath": "$.x",
        "ItemProcessor": machine(
            "T", T=task(TimeoutSeconds=3, Retry=RETRY, Catch=CATCH, End=True)
        ),
        "Next": "B",
    },
    B={"Type": "Parallel", "Branches": [machine("S", S={"Type": "Succeed"})], "End": True},
    S={"Type": "Succeed"},
)
JUNK = (
    *(None, 3, -1, True, "", "x", "$", "$..", "$.a[*]", "States.X(", "States.Format("),
    *([], {}, [1], {"a": 1}, [[]], {"Next": "S"}, [{"Next": 3}], {"Type": "Pass"}),
    *("States.Array($.x, 1", {"a.$": "States.Format('{}')"}),
)


class AnyFunction(dict):
    def __missing__(self, name):
        return lambda payload, _nth: payload


def places(value, path=()):
    inner = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def broken(chance):
    made = json.loads(json.dumps(WHOLE))
    *way, last = chance.choice(list(places(made)))
    at = made
    for key in way:
        at = at[key]
    if isinstance(at, dict) and chance.random() < 0.2:
        del at[last]
    else:
        at[last] = chance.choice(JUNK)
    return made


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_written_is_refused_or_ends(seed, monkeypatch):
    monkeypatch.setattr("cicd.states.walk._MOST_STATES", 100)
    monkeypatch.setattr(Life, "functions", AnyFunction())
    chance = random.Random(seed)
    ran = 0
    for _ in range(250):
        definition = broken(chance)
        found, problems = read(definition)
        if problems:
            continue
        assert found is not None
        for data in ({}, {"x": [1, 2]}, [1], 3):
            assert Life(definition, data).status in Status
            ran += 1
    assert ran > 50
