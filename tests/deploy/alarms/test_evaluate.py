import pytest

from cicd.deploy.alarms.alarm import Alarm, AlarmState, ComparisonOperator, TreatMissingData
from cicd.deploy.alarms.evaluate import evaluate
from cicd.ports import Probe

OK, ALARM, UNKNOWN = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


def alarm(**options):
    options.setdefault("threshold", 10.0)
    return Alarm(name="a", probe=Probe(command="x"), measures=True, **options)


@pytest.mark.parametrize(
    ("operator", "low", "same", "high"),
    [
        (ComparisonOperator.GREATER_OR_EQUAL, OK, ALARM, ALARM),
        (ComparisonOperator.GREATER, OK, OK, ALARM),
        (ComparisonOperator.LESS, ALARM, OK, OK),
        (ComparisonOperator.LESS_OR_EQUAL, ALARM, ALARM, OK),
    ],
)
def test_an_operator_says_which_side_of_the_threshold_is_bad(operator, low, same, high):
    found = [evaluate(alarm(operator=operator), [value], OK) for value in (9, 10, 11)]
    assert [low, same, high] == found


def test_m_of_n_datapoints_must_be_bad():
    three_of_five = alarm(evaluation_periods=5, datapoints_to_alarm=3)
    assert OK == evaluate(three_of_five, [11, 1, 11, 1, 1], OK)
    assert ALARM == evaluate(three_of_five, [11, 1, 11, 1, 11], OK)
    assert OK == evaluate(three_of_five, [11, 11, 11, 1, 1, 1, 1, 1], ALARM)


@pytest.mark.parametrize(
    ("treat", "nothing", "half"),
    [
        (TreatMissingData.MISSING, UNKNOWN, OK),
        (TreatMissingData.IGNORE, ALARM, OK),
        (TreatMissingData.BREACHING, ALARM, ALARM),
        (TreatMissingData.NOT_BREACHING, OK, OK),
    ],
)
def test_missing_data_count_as_the_alarm_says(treat, nothing, half):
    two = alarm(evaluation_periods=2, datapoints_to_alarm=2, treat_missing_data=treat)
    assert nothing == evaluate(two, [None, None], ALARM)
    assert half == evaluate(two, [None, 11], OK)


def test_an_alarm_without_datapoints_yet_is_insufficient_data():
    assert UNKNOWN == evaluate(alarm(evaluation_periods=3, datapoints_to_alarm=3), [], UNKNOWN)
