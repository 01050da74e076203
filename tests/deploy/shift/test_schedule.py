from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.deploy.shift.config import (
    PREDEFINED,
    ShiftConfig,
    TrafficRoutingType,
    custom_shift,
    find_shift_config,
    read_shift_config,
)
from cicd.deploy.spec import ComputePlatform
from cicd.deploy.strategies.time_based import steps_of
from cicd.deploy.strategies.traffic_shift import (
    SetWeight,
    Shifted,
    WaitUntil,
    next_step,
    weight_at,
)
from cicd.document.load import load_text
from cicd.document.resources import Resources
from cicd.errors import DocumentError, UsageError
from cicd.testing.clock import START

MINUTE = timedelta(minutes=1)
SCHEDULES = {
    "ECSAllAtOnce": [(0, 100)],
    "ECSCanary10Percent5Minutes": [(0, 10), (5, 100)],
    "ECSCanary10Percent15Minutes": [(0, 10), (15, 100)],
    "ECSLinear10PercentEvery1Minutes": [(n, 10 + 10 * n) for n in range(10)],
    "ECSLinear10PercentEvery3Minutes": [(3 * n, 10 + 10 * n) for n in range(10)],
    "LambdaAllAtOnce": [(0, 100)],
    "LambdaCanary10Percent5Minutes": [(0, 10), (5, 100)],
    "LambdaCanary10Percent10Minutes": [(0, 10), (10, 100)],
    "LambdaCanary10Percent15Minutes": [(0, 10), (15, 100)],
    "LambdaCanary10Percent30Minutes": [(0, 10), (30, 100)],
    "LambdaLinear10PercentEvery1Minute": [(n, 10 + 10 * n) for n in range(10)],
    "LambdaLinear10PercentEvery2Minutes": [(2 * n, 10 + 10 * n) for n in range(10)],
    "LambdaLinear10PercentEvery3Minutes": [(3 * n, 10 + 10 * n) for n in range(10)],
    "LambdaLinear10PercentEvery10Minutes": [(10 * n, 10 + 10 * n) for n in range(10)],
}


def custom(kind, percentage, minutes):
    return ShiftConfig(
        name="mine",
        compute_platform=ComputePlatform.ECS,
        type=TrafficRoutingType(f"TimeBased{kind}"),
        percentage=percentage,
        interval=minutes * MINUTE,
    )


def minutes(config):
    return [(step.after / MINUTE, step.weight) for step in steps_of(config)]


def resources(tmp_path, text="local: {}\n"):
    (tmp_path / "cicd.yml").write_text(text)
    return Resources.load(tmp_path)


def test_every_predefined_configuration_has_its_schedule():
    """Trap 49: the first shift is at second 0, linear is through at minute 9, canary has two."""
    assert {f"CodeDeployDefault.{name}" for name in SCHEDULES} == set(PREDEFINED)
    for name, schedule in SCHEDULES.items():
        assert minutes(PREDEFINED[f"CodeDeployDefault.{name}"]) == schedule, name


@pytest.mark.parametrize(
    ("kind", "percentage", "interval", "schedule"),
    [
        ("Linear", 30, 2, [(0, 30), (2, 60), (4, 90), (6, 100)]),
        ("Linear", 99, 10, [(0, 99), (10, 100)]),
        ("Linear", 50, 1, [(0, 50), (1, 100)]),
        ("Linear", 33, 1, [(0, 33), (1, 66), (2, 99), (3, 100)]),
        ("Canary", 1, 7, [(0, 1), (7, 100)]),
        ("Canary", 99, 1, [(0, 99), (1, 100)]),
    ],
)
def test_the_last_step_is_what_is_left(kind, percentage, interval, schedule):
    assert minutes(custom(kind, percentage, interval)) == schedule


@pytest.mark.parametrize(
    ("minute", "weight"),
    [(0, 30), (1.99, 30), (2, 60), (3.99, 60), (4, 90), (5.99, 90), (6, 100), (60, 100)],
)
def test_the_weight_at_each_moment(minute, weight):
    assert weight_at(steps_of(custom("Linear", 30, 2)), minute * MINUTE) == weight


@given(
    percentage=st.integers(1, 99),
    interval=st.integers(1, 10),
    kind=st.sampled_from(["Canary", "Linear"]),
    late=st.integers(0, 3600),
)
def test_a_driven_shift_rises_to_all_and_no_two_steps_fall_together(
    percentage, interval, kind, late
):
    config = custom(kind, percentage, interval)
    steps, now, done, weights = steps_of(config), START, [], []
    while not isinstance(move := next_step(steps, done, now), Shifted):
        if isinstance(move, WaitUntil):
            assert move.moment > now
            now = move.moment + (late * len(done) % 3601) * timedelta(seconds=1)
        else:
            done.append(now)
            weights.append(move.weight)
    assert weights == sorted(set(weights))
    assert weights[-1] == 100
    gaps = [later - earlier for earlier, later in pairwise(done)]
    assert all(gap >= config.interval for gap in gaps)


def test_a_resumed_shift_waits_what_is_left_and_takes_one_step_at_a_time():
    steps = steps_of(custom("Linear", 10, 5))
    done = [START, START + 5 * MINUTE]
    soon, late = START + 7 * MINUTE, START + 60 * MINUTE
    assert next_step(steps, done, soon) == WaitUntil(moment=START + 10 * MINUTE)
    assert next_step(steps, done, late) == SetWeight(weight=30)
    assert next_step(steps, [*done, late], late) == WaitUntil(moment=late + 5 * MINUTE)


@pytest.mark.parametrize(
    ("name", "platform", "found"),
    [
        ("CodeDeployDefault.ECSAllAtOnce", "ECS", "ECSAllAtOnce"),
        ("ECSCanary10Percent5Minutes", "ECS", "ECSCanary10Percent5Minutes"),
        ("AllAtOnce", "ECS", "ECSAllAtOnce"),
        ("AllAtOnce", "Lambda", "LambdaAllAtOnce"),
        ("Linear10PercentEvery1Minute", "Lambda", "LambdaLinear10PercentEvery1Minute"),
    ],
)
def test_names_are_found_in_short(name, platform, found, tmp_path):
    config = find_shift_config(name, ComputePlatform(platform), resources(tmp_path))
    assert config.name == f"CodeDeployDefault.{found}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LambdaAllAtOnce", "is for Lambda, not for ECS"),
        ("Canary10Percent6Minutes", "no deployment configuration named"),
    ],
)
def test_other_names_are_refused(name, words, tmp_path):
    with pytest.raises(UsageError, match=words):
        find_shift_config(name, ComputePlatform.ECS, resources(tmp_path))


def test_one_of_cicd_yml_is_read(tmp_path):
    known = resources(
        tmp_path,
        "deploymentConfigs:\n"
        "  - deploymentConfigName: careful\n"
        "    computePlatform: ECS\n"
        "    trafficRoutingConfig:\n"
        "      type: TimeBasedLinear\n"
        "      timeBasedLinear: {linearPercentage: 20, linearInterval: 3}\n",
    )
    config = find_shift_config("careful", ComputePlatform.ECS, known)
    assert minutes(config) == [(0, 20), (3, 40), (6, 60), (9, 80), (12, 100)]


@pytest.mark.parametrize(
    ("routing", "words"),
    [
        ("{type: TimeBasedCanary}", "must be 1 to 99"),
        (
            "{type: TimeBasedLinear, timeBasedLinear: {linearPercentage: 1, linearInterval: 30}}",
            "later than 2880 minutes",
        ),
        (
            "{type: TimeBasedCanary, timeBasedCanary: {canaryPercentage: 10}}",
            "longer than nothing",
        ),
    ],
)
def test_what_could_not_be_kept_to_is_refused(routing, words):
    text = f"deploymentConfigName: x\ncomputePlatform: ECS\ntrafficRoutingConfig: {routing}\n"
    with pytest.raises(DocumentError) as refused:
        read_shift_config(load_text(text, "cicd.yml"))
    assert any(words in problem.message for problem in refused.value.problems)


def test_custom_ones_are_made_of_options():
    config = custom_shift("Canary", ComputePlatform.ECS, 25, "90s")
    assert [(0, 25), (1.5, 100)] == minutes(config)
    for strategy, percentage, interval, said in (
        ("Canary", None, "5m", "--percentage is missing: Canary takes"),
        ("Linear", 10, None, "--interval is missing: Linear takes"),
        ("AllAtOnce", 10, "5m", "of its own"),
        ("Linear", 100, "5m", "must be 1 to 99"),
        ("Linear", 1, "1h", "later than 2880 minutes"),
        ("Linear", 10, "soon", "'soon' is not an interval"),
    ):
        with pytest.raises(UsageError, match=said) as refused:
            custom_shift(strategy, ComputePlatform.ECS, percentage, interval)
        assert refused.value.hint
