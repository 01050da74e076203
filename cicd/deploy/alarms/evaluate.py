"""Datapoints of an alarm → how it stands. Pure."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.alarm import AlarmState, ComparisonOperator, TreatMissingData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cicd.deploy.alarms.alarm import Alarm

_COMPARE: Final[Mapping[ComparisonOperator, Callable[[float, float], bool]]] = {
    ComparisonOperator.GREATER_OR_EQUAL: operator.ge,
    ComparisonOperator.GREATER: operator.gt,
    ComparisonOperator.LESS: operator.lt,
    ComparisonOperator.LESS_OR_EQUAL: operator.le,
}


def evaluate(alarm: Alarm, points: Sequence[float | None], before: AlarmState) -> AlarmState:
    """
    Say how an alarm stands.

    Args:
        alarm: What is bad, and how often it must be.
        points: One a period, the newest last; None where there is no datapoint. Periods before
            the alarm was watched for the first time count as missing.
        before: How it stood, which ``ignore`` keeps where nothing is known.

    Source: CloudWatch User Guide, "Evaluating an alarm" and "Configuring how CloudWatch alarms
    treat missing data".
    """
    window = points[-alarm.evaluation_periods :]
    known = [is_bad(alarm, point) for point in window if point is not None]
    missing = alarm.evaluation_periods - len(known)
    match alarm.treat_missing_data:
        case TreatMissingData.BREACHING:
            bad = sum(known) + missing
        case TreatMissingData.NOT_BREACHING:
            bad = sum(known)
        case TreatMissingData.IGNORE if not known:
            return before
        case TreatMissingData.MISSING if not known:
            return AlarmState.INSUFFICIENT_DATA
        case _:
            bad = sum(known)
    return AlarmState.ALARM if bad >= alarm.datapoints_to_alarm else AlarmState.OK


def is_bad(alarm: Alarm, point: float) -> bool:
    """Tell whether a datapoint is on the wrong side of the threshold."""
    return _COMPARE[alarm.operator](point, alarm.threshold)
