"""Events of a shift in words: what the replacement has, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.plan import TERMINATE
from cicd.deploy.shapes import diagnostics
from cicd.deploy.shift.plan import WATCH
from cicd.deploy.state import Status
from cicd.deploy.traffic.blue_green import Stage
from cicd.event import EventKind
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cicd.deploy.shift.process import ShiftProcess
    from cicd.deploy.state import DeploymentState, EventState
    from cicd.event import Event


def describe_shift(
    process: ShiftProcess, state: DeploymentState, event: Event
) -> Described | None:
    """Put an event into words; None: it is told as that of any deployment is."""
    if event.kind is EventKind.SUBMITTED:
        return Described(text=_submitted(process))
    if event.kind is EventKind.SIGNALLED and event.data.get("signal") == "hook-status":
        return Described(text=f"the hook reports {event.data.get('status')}", level=Level.DETAIL)
    if "/" not in event.key or event.kind not in (EventKind.STARTED, EventKind.FINISHED):
        return None
    target, _, name = event.key.rpartition("/")
    entry = state.begun[event.key]
    if name == WATCH:
        if entry.outcome is None or entry.status is Status.SUCCEEDED or entry.outcome.reason:
            return Described(text="", level=Level.DETAIL)
        return Described(text=f"{target}: {_words(entry)}", level=Level.FAILURE)
    if not name.isdecimal():
        return _with_wait(process, state, event) if event.kind is EventKind.FINISHED else None
    if entry.outcome is None:
        return Described(text=f"{process.target}: setting {name} %", level=Level.DETAIL)
    if entry.status is not Status.SUCCEEDED:
        return Described(
            text=f"{process.target}: AllowTraffic Failed at {name} %: {_words(entry)}",
            level=Level.FAILURE,
        )
    return Described(text=_shifted(process, state, int(name), event.at))


def _submitted(process: ShiftProcess) -> str:
    plan, service = process.plan, process.shift.service
    what = "" if service is None else f"{service.definition.family} "
    where = f"{plan.application_name}/{plan.deployment_group_name}"
    if process.shift.rollback:
        return (
            f"Rolling back: all traffic of {process.target} goes back ({where}): "
            f"{plan.deployment_id}"
        )
    return (
        f"Deploying {what}to {process.target} of {where}, {plan.config.name}: {plan.deployment_id}"
    )


def _shifted(process: ShiftProcess, state: DeploymentState, weight: int, now: datetime) -> str:
    function = process.shift.function
    whom = f"version {function.target_version}" if function else "the replacement"
    said = f"{process.target}: {weight} % of the traffic goes to {whom}"
    if process.shift.rollback:
        return f"{process.target}: all traffic is back"
    coming = process.next_step_at(state, now)
    if coming is None:
        return f"{said}{_wait(process, state)}"
    then, moment = coming
    return f"{said}; {then} % at {moment.astimezone():%H:%M:%S}, in {_in_words(moment - now)}"


def _with_wait(process: ShiftProcess, state: DeploymentState, event: Event) -> Described | None:
    """Say what ends a wait, where the event is the one before it."""
    name = event.key.rpartition("/")[2]
    if name == TERMINATE or state.begun[event.key].status is not Status.SUCCEEDED:
        return None
    return Described(text=f"{process.target}: {name} Succeeded{_wait(process, state)}")


def _wait(process: ShiftProcess, state: DeploymentState) -> str:
    plan, options = process.plan, process.shift.options
    go_on = f"'cicd deploy continue {plan.deployment_id}'"
    until = process.waits_until(state)
    at = "" if until is None else f", at {until.astimezone():%H:%M:%S}"
    match process.stage(state):
        case Stage.READY:
            after = _in_words(options.ready_wait)
            return f"\nReady: {go_on} moves traffic, else it stops after {after}{at}"
        case Stage.TERMINATION_WAIT if options.termination_wait and not process.shift.rollback:
            after = _in_words(options.termination_wait)
            return (
                f"\nBaking: the original task set ends after {after}{at}, or at {go_on}; "
                f"until then 'cicd deploy rollback {plan.deployment_id}' gives it the traffic back"
            )
        case _:
            return ""


def _words(entry: EventState) -> str:
    return str((diagnostics(entry.outcome) or {}).get("message", ""))


def _in_words(wait: timedelta) -> str:
    seconds = round(wait.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes, left = divmod(seconds, 60)
    return f"{minutes}:{left:02} minutes" if left else f"{minutes} minutes"
