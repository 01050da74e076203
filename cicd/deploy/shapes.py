"""A deployment in the shapes of the API: GetDeployment and BatchGetDeploymentTargets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cicd.account import ACCOUNT, REGION
from cicd.deploy.analysis.analysis import ANALYSIS
from cicd.deploy.plan import BundleType, RunLifecycleEvent
from cicd.deploy.state import DeploymentStatus, Status
from cicd.deploy.traffic.blue_green import Stage
from cicd.deploy.traffic.shapes import label, traffic_info
from cicd.engine.process import OutcomeStatus

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.deploy.plan import RevisionPlan
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.engine.process import Outcome
    from cicd.event import JSON

_TOO_MANY: Final = (
    "The overall deployment failed because too many individual instances failed deployment, too "
    "few healthy instances are available for deployment, or some instances in your deployment "
    "group are experiencing problems."
)
_INVALID: Final = (
    "The deployment configuration leaves no instance that may be out of service: the minimum of "
    "healthy hosts is as large as the deployment group"
)
_NOT_CONTINUED: Final = (
    "The deployment timed out while waiting for a notification to continue. This time out period "
    "is {minutes} minutes."
)
_TOO_LONG: Final = "The deployment did not end within 12 hours."
_STOPPED: Final = "The deployment was stopped by a request."


def deployment_info(
    process: DeploymentProcess,
    state: DeploymentState,
    previous: RevisionPlan | None = None,
) -> dict[str, JSON]:
    """
    Give ``deploymentInfo``. Times are RFC 3339.

    Args:
        process: The deployment's.
        state: How far it is.
        previous: What the group had before it; None: nothing, or nobody asks.

    Source: CodeDeploy API Reference, "DeploymentInfo".
    """
    plan = process.plan
    info: dict[str, JSON] = {
        "applicationName": plan.application_name,
        "deploymentGroupName": plan.deployment_group_name,
        "deploymentConfigName": plan.config.name,
        "deploymentId": plan.deployment_id,
        "revision": _revision(plan.revision),
        "status": process.status(state),
        "createTime": _time(state.created_at),
        "deploymentOverview": _overview(process, state),
        "description": plan.description,
        "creator": plan.creator,
        "ignoreApplicationStopFailures": plan.ignore_application_stop_failures,
        "autoRollbackConfiguration": {
            "enabled": bool(plan.rollback_events),
            "events": [str(event) for event in plan.rollback_events],
        },
        "overrideAlarmConfiguration": _alarm_configuration(process),
        "updateOutdatedInstancesOnly": plan.update_outdated_instances_only,
        "deploymentStyle": {
            "deploymentType": "IN_PLACE"
            if plan.blue_green is None and plan.shift is None
            else "BLUE_GREEN",
            "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"
            if plan.traffic is None and plan.shift is None
            else "WITH_TRAFFIC_CONTROL",
        },
        "instanceTerminationWaitTimeStarted": process.stage(state) is Stage.TERMINATION_WAIT,
        "fileExistsBehavior": str(plan.file_exists_behavior),
        "deploymentStatusMessages": [],
        "computePlatform": "Server"
        if plan.shift is None
        else str(plan.shift.config.compute_platform),
    }
    if previous is not None:
        info["previousRevision"] = _revision(previous)
    info |= traffic_info(plan)
    if plan.suspended_processes:
        options: JSON = {"autoScalingGroupProcessesToSuspend": list(plan.suspended_processes)}
        info["ec2DeploymentOptions"] = options
    if plan.restart:
        info["deploymentMode"] = "RESTART"
    began = [entry.started_at for entry in state.begun.values()]
    if began:
        info["startTime"] = _time(min(began))
    if state.concluded_at is not None:
        info["completeTime"] = _time(state.concluded_at)
    information = error_information(process, state)
    if information is not None:
        info["errorInformation"] = information
    rollback = _rollback_info(process, state)
    if rollback:
        info["rollbackInfo"] = rollback
    if plan.updates:
        info["relatedDeployments"] = {"autoUpdateOutdatedInstancesRootDeploymentId": plan.updates}
    if state.updated_by:
        info["relatedDeployments"] = {
            "autoUpdateOutdatedInstancesDeploymentIds": list(state.updated_by)
        }
    return info


def deployment_targets(process: DeploymentProcess, state: DeploymentState) -> list[JSON]:
    """Give ``deploymentTargets``. Source: API, "DeploymentTarget"."""
    if process.plan.shift is not None:
        from cicd.deploy.shift.process import ShiftProcess
        from cicd.deploy.shift.shapes import shift_target

        assert isinstance(process, ShiftProcess)
        return [shift_target(process, state)]
    return [_target(process, state, target.id) for target in process.plan.instances]


def inner_target(target: JSON) -> Mapping[str, JSON]:
    """Give the part of a target that its type names: "instanceTarget", "ecsTarget"."""
    assert isinstance(target, dict), "made by deployment_targets"
    return next(each for each in target.values() if isinstance(each, dict))


def error_information(
    process: DeploymentProcess, state: DeploymentState
) -> dict[str, JSON] | None:
    """Give the deployment's error code and message; None: it has none."""
    owner = process.plan.blue_green or process.plan.shift
    options = None if owner is None else owner.options
    alarm = state.alarm
    if state.status == DeploymentStatus.STOPPED and alarm is not None:
        return {"code": "ALARM_ACTIVE", "message": alarm_words(alarm)}
    if state.status == DeploymentStatus.STOPPED and state.stop is None and options is not None:
        minutes = options.ready_wait.total_seconds() / 60
        return {"code": "TIMEOUT", "message": _NOT_CONTINUED.format(minutes=f"{minutes:g}")}
    if state.status == DeploymentStatus.STOPPED:
        return {"code": "MANUAL_STOP", "message": _STOPPED}
    if state.status != DeploymentStatus.FAILED:
        return None
    code = process.doom(state) or "HEALTH_CONSTRAINTS"
    if process.plan.shift is not None and code != "TIMEOUT":
        return {"code": code, "message": _first_words(state)}
    if code == "HEALTH_CONSTRAINTS_INVALID" and process.plan.config.zonal is None:
        total = len(process.plan.targets)
        return {"code": code, "message": f"{_INVALID}: {process.minimum} of {total}."}
    message = {"HEALTH_CONSTRAINTS_INVALID": f"{_INVALID}.", "TIMEOUT": _TOO_LONG}
    return {"code": code, "message": message.get(code, _TOO_MANY)}


def _first_words(state: DeploymentState) -> str:
    """Say what the event said that a shift failed for."""
    failed = [
        entry
        for entry in state.begun.values()
        if entry.outcome is not None and entry.has_failed and entry.outcome.reason != "OVER"
    ]
    first = min(failed, key=lambda each: each.finished_at or each.started_at)
    return str((diagnostics(first.outcome) or {}).get("message", ""))


def alarm_words(alarm: Mapping[str, JSON]) -> str:
    """Say which alarm went off, or could not be read, and why."""
    name, reason = alarm.get("alarm"), alarm.get("reason", alarm.get("message", ""))
    if alarm.get("state") == ANALYSIS:
        return f"The analysis failed the new version: {reason}."
    if alarm.get("state") == "ALARM":
        return f"The alarm '{name}' went off: {reason}."
    named = f"The alarm '{name}'" if name else "An alarm"
    return (
        f"{named} could not be read: {reason}. Mend what it looks at, or let "
        "'ignorePollAlarmFailure: true' of alarmConfiguration go on."
    )


def first_failure(
    process: DeploymentProcess, state: DeploymentState
) -> tuple[str | None, dict[str, JSON]]:
    """Give the first event that failed, in words with the end of its log, and as values."""
    if state.status in (None, DeploymentStatus.SUCCEEDED):
        return None, {}
    known = {target.id for target in process.plan.instances}
    for key, entry in sorted(
        state.begun.items(), key=lambda each: each[1].finished_at or each[1].started_at
    ):
        target, _, event = key.rpartition("/")
        if target not in known:  # a step of AllowTraffic
            target, _, event = target.rpartition("/")
        outcome = entry.outcome
        if outcome is not None and outcome.reason == "OVER":
            continue  # a watch that was told to end
        if entry.has_failed and process.target_status(state, target) is Status.FAILED:
            found = diagnostics(entry.outcome) or {}
            words = f"{target}: {event}: {found.get('message', '')}"
            tail = str(found.get("logTail", "")).rstrip()
            return (
                f"{words}\n{tail}" if tail else words,
                {"targetId": target, "lifecycleEventName": event, "diagnostics": found},
            )
    information = error_information(process, state)
    return (str(information["message"]) if information else None), {}


def diagnostics(outcome: Outcome | None) -> Mapping[str, JSON] | None:
    """Give an event's diagnostics; None while it runs."""
    if outcome is None:
        return None
    if outcome.status is OutcomeStatus.DONE:
        return {"errorCode": "Success", "scriptName": "", "message": "Succeeded", "logTail": ""}
    found = outcome.detail.get("diagnostics")
    if isinstance(found, Mapping):
        return found
    # The loop itself caught what the worker threw.
    message = str(outcome.detail.get("message", outcome.status))
    return {"errorCode": "UnknownError", "scriptName": "", "message": message, "logTail": ""}


def _alarm_configuration(process: DeploymentProcess) -> dict[str, JSON]:
    watch = process.plan.alarms
    return {
        "enabled": watch is not None and bool(watch.alarms),
        "ignorePollAlarmFailure": watch is not None and watch.ignore_poll_alarm_failure,
        "alarms": [{"name": alarm.name} for alarm in (watch.alarms if watch else ())],
    }


def _revision(revision: RevisionPlan) -> dict[str, JSON]:
    kind = revision.bundle_type
    return {
        "revisionType": "S3",
        "s3Location": {
            "bucket": "local",
            "key": revision.name,
            "bundleType": str(BundleType.ZIP if kind is BundleType.DIRECTORY else kind),
            "eTag": revision.digest,
        },
    }


def _overview(process: DeploymentProcess, state: DeploymentState) -> dict[str, JSON]:
    counts = dict.fromkeys((str(each) for each in Status), 0)
    for target in process.plan.instances:
        counts[process.target_status(state, target.id)] += 1
    return {**counts}


def _rollback_info(process: DeploymentProcess, state: DeploymentState) -> dict[str, JSON]:
    info: dict[str, JSON] = {}
    if state.rollback is not None:
        for key in ("rollbackDeploymentId", "rollbackMessage"):
            if state.rollback.get(key):
                info[key] = state.rollback[key]
    if process.plan.rollback_of is not None:
        info["rollbackTriggeringDeploymentId"] = process.plan.rollback_of
    return info


def _target(process: DeploymentProcess, state: DeploymentState, target: str) -> dict[str, JSON]:
    plan = process.plan
    events = [_event(process, state, target, event) for event in plan.events_of(target)]
    moments = [entry.finished_at or entry.started_at for entry in state.begun.of(target).values()]
    updated = max(moments, default=state.concluded_at or state.created_at)
    return {
        "deploymentTargetType": "InstanceTarget",
        "instanceTarget": {
            "deploymentId": plan.deployment_id,
            "targetId": target,
            "targetArn": f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:instance/{target}",
            "status": str(process.target_status(state, target)),
            "lastUpdatedAt": _time(updated),
            "lifecycleEvents": events,
            **label(plan, target),
        },
    }


def _event(
    process: DeploymentProcess, state: DeploymentState, target: str, event: LifecycleEvent
) -> dict[str, JSON]:
    shape: dict[str, JSON] = {
        "lifecycleEventName": str(event),
        "status": str(process.event_status(state, target, event)),
    }
    began = state.begun.get(RunLifecycleEvent(target=target, event=event).key)
    if began is not None:
        shape["startTime"] = _time(began.started_at)
        if began.finished_at is not None:
            shape["endTime"] = _time(began.finished_at)
        found = diagnostics(began.outcome)
        if found is not None:
            shape["diagnostics"] = dict(found)
    return shape


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")
