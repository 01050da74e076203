"""Watches alarms while a deployment lasts: looks at each in its period, and says what went off."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.alarm import Alarm, AlarmState, ComparisonOperator
from cicd.deploy.alarms.evaluate import evaluate, is_bad
from cicd.deploy.alarms.record import set_state, standing
from cicd.deploy.analysis.watch import Judge
from cicd.document.position import brief
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.ports import Reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cicd.deploy.alarms.alarm import AlarmWatch
    from cicd.deploy.alarms.record import Standing
    from cicd.deploy.analysis.look import Subject
    from cicd.event import JSON
    from cicd.ports import CancelToken, Services

_GLANCE: Final = timedelta(seconds=1)  # how soon a state that somebody set is seen
_OFTEN: Final = timedelta(seconds=5)  # how soon an execution that ended counts for a metric
_NUMBER: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_COMPARED: Final[Mapping[ComparisonOperator, str]] = {
    ComparisonOperator.GREATER_OR_EQUAL: "greater than or equal to",
    ComparisonOperator.GREATER: "greater than",
    ComparisonOperator.LESS: "less than",
    ComparisonOperator.LESS_OR_EQUAL: "less than or equal to",
}
"""Source: CloudWatch's own reasons of alarms."""


@dataclass(slots=True, kw_only=True)
class _Looked:
    """What one watch knows of one alarm."""

    alarm: Alarm
    due: datetime
    points: list[float | None] = field(default_factory=list)
    unreadable: str = ""  # why the last look gave nothing
    obeyed: datetime | None = None  # when somebody set the state that counted instead of a look


def look_once(watch: AlarmWatch, services: Services) -> Outcome:
    """Look at every alarm, and say whether one is in ALARM, or cannot be read."""
    return _look(_looked(watch, services), watch, services) or Outcome(status=OutcomeStatus.DONE)


def keep_looking(
    watch: AlarmWatch, services: Services, cancel: CancelToken, subject: Subject | None = None
) -> Outcome:
    """
    Look at every alarm, each in its period, until one goes off or nobody wants to know.

    A shift of traffic, ``subject``, is analysed meanwhile, if that is wanted.
    """
    inbox = services.clock.inbox()
    cancel.on_cancel(lambda: inbox.put(None))
    looked = _looked(watch, services)
    analysed = (
        None
        if watch.analysis is None or subject is None
        else Judge(watch.analysis, subject, services)
    )
    while cancel.reason is None:
        found = _look(looked, watch, services)
        if found is None and analysed is not None:
            found = analysed.look()
        if found is not None:
            return found
        inbox.take(services.clock.now() + _GLANCE)
    return Outcome(status=OutcomeStatus.CANCELLED, reason=cancel.reason)


def wait_for_state(
    alarm: Alarm,
    states: Collection[AlarmState],
    until: datetime,
    services: Services,
    cancel: CancelToken,
) -> Standing:
    """
    Look at an alarm, in its period, until it is in one of ``states`` or the time is over.

    One that is OK is never waited for, whatever ``states`` says.
    """
    inbox = services.clock.inbox()
    cancel.on_cancel(lambda: inbox.put(None))
    each = _Looked(alarm=alarm, due=services.clock.now())
    stands = _glance(each, services)
    while stands.state not in states and stands.state is not AlarmState.OK:
        if cancel.reason is not None or services.clock.now() >= until:
            break
        inbox.take(min(until, services.clock.now() + _GLANCE))
        stands = _glance(each, services)
    return stands


def look_at(alarm: Alarm, services: Services) -> Standing:
    """Look at one alarm now; gives how it stands, and notes it if that is new."""
    return _refresh(_Looked(alarm=alarm, due=services.clock.now()), services)


def _looked(watch: AlarmWatch, services: Services) -> list[_Looked]:
    now = services.clock.now()
    return [_Looked(alarm=alarm, due=now) for alarm in watch.alarms]


def _look(looked: Iterable[_Looked], watch: AlarmWatch, services: Services) -> Outcome | None:
    for each in looked:
        stands = _glance(each, services)
        looks_at = brief(each.alarm.looks_at)
        if stands.state is AlarmState.ALARM:
            # What a person sets is the person's own word, and not what was seen.
            why = stands.reason if stands.by_hand else f"{looks_at}: {stands.reason}"
            return _went_off(each.alarm.name, "ALARM", why)
        if each.unreadable and not watch.ignore_poll_alarm_failure:
            return _went_off(each.alarm.name, "UNREADABLE", f"{looks_at}: {each.unreadable}")
    return None


def _glance(each: _Looked, services: Services) -> Standing:
    """Say how an alarm stands, after a look at it if its period is over."""
    stands = standing(each.alarm.name, services)
    if services.clock.now() < each.due:
        return stands
    if stands.by_hand and stands.since != each.obeyed:
        each.obeyed = stands.since
        each.due = services.clock.now() + timedelta(seconds=each.alarm.period)
        return stands
    return _refresh(each, services)


def _refresh(each: _Looked, services: Services) -> Standing:
    alarm = each.alarm
    if alarm.metric is not None:
        # What ended between two looks is in the log: each look sees all periods anew.
        each.due = services.clock.now() + min(timedelta(seconds=alarm.period), _OFTEN)
        each.points = [*services.metric(alarm.metric, alarm.period, alarm.evaluation_periods)]
        point, reading = (
            each.points[-1],
            Reading(good=None, words=f"nothing ended for {alarm.metric}"),
        )
    else:
        each.due = services.clock.now() + timedelta(seconds=alarm.period)
        reading = services.watcher().look(alarm.probe)
        point = _point(alarm, reading)
        each.unreadable = reading.words if reading.good is None else ""
        each.points = [*each.points[-alarm.evaluation_periods :], point]
    before = standing(alarm.name, services)
    state, reason = evaluate(alarm, each.points, before.state), _reason(alarm, point, reading)
    if state is not before.state or before.since is None or before.by_hand:
        set_state(alarm.name, state, reason, services, by_hand=False)
        return standing(alarm.name, services)
    return replace(before, reason=reason)  # as it is now; only a new state is noted


def _point(alarm: Alarm, reading: Reading) -> float | None:
    """Give a datapoint; None where the look gave none."""
    if not alarm.measures:
        return None if reading.good is None else float(not reading.good)
    number = _NUMBER.fullmatch(reading.text.strip()) if reading.good else None
    return float(number[0]) if number else None


def _reason(alarm: Alarm, point: float | None, reading: Reading) -> str:
    if point is None and reading.good:
        return f"no datapoint: {reading.words} without a number"
    if point is None:
        return f"no datapoint: {reading.words}"
    if alarm.measures:
        isnt = "" if is_bad(alarm, point) else "not "
        return f"{point:g} is {isnt}{_COMPARED[alarm.operator]} the threshold {alarm.threshold:g}"
    return reading.words


def _went_off(name: str, state: str, reason: str) -> Outcome:
    detail: dict[str, JSON] = {"alarm": name, "state": state, "reason": reason}
    return Outcome(status=OutcomeStatus.FAILED, detail=detail)
