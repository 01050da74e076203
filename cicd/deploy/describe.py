"""A deployment's events in words, and as EventBridge would have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.account import REGION
from cicd.deploy.analysis.analysis import Word
from cicd.deploy.fleet.hooks import TERMINATION
from cicd.deploy.plan import TERMINATE
from cicd.deploy.shapes import alarm_words, diagnostics, error_information
from cicd.deploy.state import DeploymentStatus, Status
from cicd.deploy.traffic.blue_green import Stage
from cicd.deploy.traffic.plan import WaitType
from cicd.deploy.waits import waiting
from cicd.event import EventKind
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from datetime import timedelta

    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState, EventState
    from cicd.event import JSON, Event

_CONTINUED: dict[str, str] = {
    WaitType.READY_WAIT: "Continuing: traffic goes to the replacement now",
    WaitType.TERMINATION_WAIT: "Continuing: the original instances end now",
}
_DEPLOYMENT_STATES = {
    DeploymentStatus.SUCCEEDED: ("SUCCESS", Level.SUCCESS),
    DeploymentStatus.FAILED: ("FAILURE", Level.FAILURE),
    DeploymentStatus.STOPPED: ("STOP", Level.WARNING),
}


def describe(process: DeploymentProcess, state: DeploymentState, event: Event) -> Described:
    """Put an event into words; ``state`` is the one it led to."""
    if process.plan.shift is not None:
        from cicd.deploy.shift.describe import describe_shift
        from cicd.deploy.shift.process import ShiftProcess

        assert isinstance(process, ShiftProcess)
        said = describe_shift(process, state, event)
        if said is not None:
            return (
                said
                if event.kind is not EventKind.SUBMITTED
                else replace(said, detail=_deployment_detail(process, "START"))
            )
    match event.kind:
        case EventKind.SUBMITTED:
            return _submitted(process)
        case EventKind.STARTED:
            return _started(process, event)
        case EventKind.FINISHED:
            said = _finished(process, state, event)
            return _before_wait(process, state, said) if "/" in event.key else said
        case EventKind.SIGNALLED:
            return _signalled(process, state, event)
        case EventKind.CONCLUDED:
            return _concluded(process, state)


def _submitted(process: DeploymentProcess) -> Described:
    plan = process.plan
    count = len(plan.targets)
    what = "Restarting" if plan.restart else "Deploying"
    if plan.rollback_of:
        what = f"Rolling back {plan.rollback_of} to"
    if plan.creator == TERMINATION:
        what = "Running the termination hooks of"
    return Described(
        text=f"{what} {plan.revision.name} on {count} instance{'s' if count != 1 else ''} of "
        f"{plan.application_name}/{plan.deployment_group_name}, {plan.config.name}: "
        f"{plan.deployment_id}",
        detail=_deployment_detail(process, "START"),
    )


def _started(process: DeploymentProcess, event: Event) -> Described:
    if "/" not in event.key:
        return Described(text="", level=Level.DETAIL)
    target, _, name = event.key.rpartition("/")
    if name == TERMINATE:
        return Described(text=f"{target}: terminating", level=Level.DETAIL)
    first = name == process.plan.events_of(target)[0]
    return Described(
        text=f"{target}: {name} InProgress",
        level=Level.DETAIL,
        detail=_instance_detail(process, target, "START") if first else {},
    )


def _finished(process: DeploymentProcess, state: DeploymentState, event: Event) -> Described:
    if "/" not in event.key:
        if state.alarm is None:
            return Described(text="", level=Level.DETAIL)
        then = "Events that run finish, no new one begins"
        if process.status(state) == DeploymentStatus.SUCCEEDED:
            then = (
                "That stops nothing, since the deployment has succeeded: 'cicd deploy rollback "
                f"{process.plan.deployment_id}' gives the original instances the traffic back"
            )
        return Described(text=f"{alarm_words(state.alarm)} {then}", level=Level.WARNING)
    target, _, name = event.key.rpartition("/")
    entry = state.begun[event.key]
    if name == TERMINATE:
        return _terminated(target, entry)
    if entry.status is Status.SUCCEEDED:
        done = process.target_status(state, target) is Status.SUCCEEDED
        return Described(
            text=f"{target}: {name} Succeeded",
            level=Level.SUCCESS if done else Level.INFO,
            detail=_instance_detail(process, target, "SUCCESS") if done else {},
        )
    found = diagnostics(entry.outcome) or {}
    ignored = process.target_status(state, target) is not Status.FAILED
    return Described(
        text=f"{target}: {name} {entry.status}: {found.get('message', '')}"
        + (" (ignored)" if ignored else ""),
        level=Level.WARNING if ignored else Level.FAILURE,
        detail={} if ignored else _instance_detail(process, target, "FAILURE"),
    )


def _before_wait(process: DeploymentProcess, state: DeploymentState, said: Described) -> Described:
    """
    Add, to the event that a wait follows, of a zone or of blue/green, what ends the wait.

    It is no mere information then: nothing else happens for so long.
    """
    plan = process.plan
    until = process.waits_until(state)
    if until is None or not said.text or process.plan.shift is not None:
        return said
    at = f"{until.astimezone():%H:%M:%S}"
    go_on = f"'cicd deploy continue {plan.deployment_id}'"
    options = plan.blue_green.options if plan.blue_green is not None else None
    match process.stage(state):
        case Stage.READY if options is not None:
            after = _minutes(options.ready_wait)
            words = f"Ready: {go_on} moves traffic, else it stops after {after}, at {at}"
            said = replace(said, detail=_deployment_detail(process, "READY"))
        case Stage.TERMINATION_WAIT if options is not None:
            if not options.termination_wait:
                return said
            words = (
                f"Succeeded: the original instances end after {_minutes(options.termination_wait)}"
                f", at {at}, or at {go_on}; 'cicd deploy stop {plan.deployment_id}' keeps them, "
                f"'cicd deploy rollback {plan.deployment_id}' gives them the traffic back"
            )
        case _:
            words = f"Baking: the zone is monitored until {at}"
    return replace(said, text=f"{said.text}\n{words}", level=_notable(said))


def _notable(said: Described) -> Level:
    return Level.SUCCESS if said.level is Level.INFO else said.level


def _minutes(wait: timedelta) -> str:
    count = wait.total_seconds() / 60
    return f"{count:g} minute{'' if count == 1 else 's'}"


def _terminated(target: str, entry: EventState) -> Described:
    """The deployment has succeeded, whatever becomes of the original environment."""
    if entry.status is Status.SUCCEEDED:
        return Described(text=f"{target}: terminated", level=Level.SUCCESS)
    found = diagnostics(entry.outcome) or {}
    return Described(
        text=f"{target}: not terminated: {found.get('message', '')}", level=Level.WARNING
    )


def _signalled(process: DeploymentProcess, state: DeploymentState, event: Event) -> Described:
    match event.data.get("signal"):
        case "resumed":
            return _going_on(process, state)
        case "stop" if state.stop is not event.data:
            return Described(text="")  # it was asked for before
        case "stop" if process.status(state) == DeploymentStatus.SUCCEEDED:
            return Described(text="Stopping: the original instances are kept")
        case "stop":
            return Described(
                text="Stopping: events that run finish, no new one begins", level=Level.WARNING
            )
        case "continue":
            return Described(text=_CONTINUED.get(str(event.data.get("deploymentWaitType")), ""))
        case "analysis":
            return _analysed(event)
        case "rollback":
            return Described(text=str(event.data.get("rollbackMessage", "")), level=Level.WARNING)
        case _:
            return Described(text="")


def _going_on(process: DeploymentProcess, state: DeploymentState) -> Described:
    """What was told before a driver died is not told again, but how far it came."""
    plan = process.plan
    found = Counter(str(process.target_status(state, each.id)) for each in plan.instances)
    words = ", ".join(f"{count} {status}" for status, count in found.items())
    wait = waiting(process, state)
    left = "" if wait is None else f"; {wait.then} at {wait.until.astimezone():%H:%M:%S}"
    return Described(text=f"Going on with {plan.deployment_id}: {words}{left}")


def _analysed(event: Event) -> Described:
    """A verdict that differs from the one before; a failed one is told as what it stops."""
    reasons = event.data.get("reasons")
    words = "; ".join(map(str, reasons)) if isinstance(reasons, Sequence) else ""
    match event.data.get("verdict"):
        case Word.PASSED:
            return Described(text=f"Analysis passes: {words}")
        case Word.NO_VERDICT:
            return Described(text=f"Analysis gives no verdict: {words}", level=Level.WARNING)
        case _:
            return Described(text="", level=Level.DETAIL)


def _concluded(process: DeploymentProcess, state: DeploymentState) -> Described:
    word, level = _DEPLOYMENT_STATES[DeploymentStatus(state.status or "Failed")]
    information = error_information(process, state)
    because = ""
    if information:
        # What an event failed for has been told with that event.
        told = any(
            (diagnostics(entry.outcome) or {}).get("message") == information["message"]
            for entry in state.begun.values()
        )
        words = _too_many_failed(process, state) or information["message"]
        because = f" {information['code']}" + ("" if told else f": {words}")
    return Described(
        text=f"{process.plan.deployment_id}: {state.status}{because}",
        level=level,
        detail=_deployment_detail(process, word),
    )


def _too_many_failed(process: DeploymentProcess, state: DeploymentState) -> str:
    """Give the numbers behind HEALTH_CONSTRAINTS; "" where they are not all there is to it."""
    plan = process.plan
    if plan.shift is not None or plan.blue_green is not None or plan.config.zonal is not None:
        return ""
    stopped = state.status == DeploymentStatus.STOPPED
    if stopped or process.doom(state) != "HEALTH_CONSTRAINTS":
        return ""
    found = Counter(process.target_status(state, target.id) for target in plan.targets)
    total, failed, rest = len(plan.targets), found[Status.FAILED], found[Status.SKIPPED]
    words = f"{failed} of {total} instance{'' if total == 1 else 's'} failed"
    if rest:
        others = f"the other {rest} are" if rest > 1 else "the last one is"
        return f"{words}, and {process.minimum} must stay healthy: {others} not begun"
    return f"{words}, and {max(1, process.minimum)} must be healthy"


def _deployment_detail(process: DeploymentProcess, word: str) -> dict[str, JSON]:
    """Source: CodeDeploy User Guide, "Monitoring deployments with CloudWatch Events"."""
    return _envelope("CodeDeploy Deployment State-change Notification", _facts(process, word))


def _instance_detail(process: DeploymentProcess, target: str, word: str) -> dict[str, JSON]:
    return _envelope(
        "CodeDeploy Instance State-change Notification",
        {"instanceId": target, **_facts(process, word)},
    )


def _facts(process: DeploymentProcess, word: str) -> dict[str, JSON]:
    plan = process.plan
    return {
        "region": REGION,
        "deploymentId": plan.deployment_id,
        "instanceGroupId": plan.deployment_group_id,
        "deploymentGroup": plan.deployment_group_name,
        "state": word,
        "application": plan.application_name,
    }


def _envelope(kind: str, detail: dict[str, JSON]) -> dict[str, JSON]:
    return {"source": "aws.codedeploy", "detail-type": kind, "detail": detail}
