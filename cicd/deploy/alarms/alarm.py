"""An alarm: what it looks at, and when that is bad."""

from __future__ import annotations

from enum import StrEnum

from cicd.deploy.analysis.analysis import Analysis
from cicd.metric import Metric
from cicd.ports import Probe
from cicd.record import dataclass


class AlarmState(StrEnum):
    """How an alarm stands. Source: CloudWatch API Reference, "MetricAlarm"."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class TreatMissingData(StrEnum):
    """What a period without a datapoint counts as. Source: the same."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class ComparisonOperator(StrEnum):
    """How a value is bad, compared with the threshold. Source: the same."""

    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    GREATER = "GreaterThanThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """
    One alarm of ``local: alarms:`` of ``cicd.yml``.

    Without a threshold a datapoint is 0 where the probe is content and 1 where it is not.
    """

    name: str
    probe: Probe
    threshold: float = 1.0
    operator: ComparisonOperator = ComparisonOperator.GREATER_OR_EQUAL
    measures: bool = False  # the probe gives a number; else it says yes or no
    period: int = 5  # seconds between datapoints, at least 1
    evaluation_periods: int = 1
    datapoints_to_alarm: int = 1
    treat_missing_data: TreatMissingData = TreatMissingData.MISSING
    metric: Metric | None = None  # of executions; is looked at instead of the probe

    @property
    def looks_at(self) -> str:
        """Say what it looks at."""
        return (
            str(self.metric) if self.metric is not None else self.probe.command or self.probe.url
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmWatch:
    """The alarms that stop a deployment. Source: CodeDeploy API, "AlarmConfiguration"."""

    alarms: tuple[Alarm, ...]
    ignore_poll_alarm_failure: bool = False
    analysis: Analysis | None = None  # of a traffic shift; a failed verdict is as an alarm
