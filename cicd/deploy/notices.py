"""An event of a deployment → what triggers are told of it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cicd.account import ACCOUNT, REGION
from cicd.deploy.plan import TERMINATE, RunLifecycleEvent
from cicd.deploy.shapes import deployment_info
from cicd.deploy.state import DeploymentStatus, Status
from cicd.deploy.traffic.blue_green import Stage
from cicd.deploy.trigger import TriggerEvent
from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.event import JSON, Event

_ENDS = {
    DeploymentStatus.SUCCEEDED: TriggerEvent.DEPLOYMENT_SUCCESS,
    DeploymentStatus.FAILED: TriggerEvent.DEPLOYMENT_FAILURE,
    DeploymentStatus.STOPPED: TriggerEvent.DEPLOYMENT_STOP,
}


def notices(
    process: DeploymentProcess, state: DeploymentState, event: Event
) -> tuple[tuple[TriggerEvent, Mapping[str, JSON]], ...]:
    """
    Say which trigger events an event is, each with its payload; ``state`` is the one it led to.

    Source: CodeDeploy User Guide, "JSON data formats for CodeDeploy triggers".
    """
    match event.kind:
        case EventKind.SUBMITTED:
            start = (TriggerEvent.DEPLOYMENT_START, _deployment(process, state))
            if process.plan.rollback_of is None:
                return (start,)
            return (start, (TriggerEvent.DEPLOYMENT_ROLLBACK, _rollback(process, state)))
        case EventKind.CONCLUDED:
            end = _ENDS[DeploymentStatus(str(state.status))]
            return ((end, _deployment(process, state)),)
        case EventKind.STARTED if "/" in event.key:
            return _of_instance(process, state, event)
        case EventKind.FINISHED if "/" in event.key:
            return (*_of_instance(process, state, event), *_ready(process, state, event))
        case _:
            return ()


def _of_instance(
    process: DeploymentProcess, state: DeploymentState, event: Event
) -> tuple[tuple[TriggerEvent, Mapping[str, JSON]], ...]:
    target, _, name = event.key.rpartition("/")
    if name == TERMINATE:
        return ()
    if event.kind is EventKind.STARTED:
        if name != process.plan.events_of(target)[0]:
            return ()
        kind = TriggerEvent.INSTANCE_START
    else:
        status = process.target_status(state, target)
        if status not in (Status.SUCCEEDED, Status.FAILED):
            return ()
        kind = {
            Status.SUCCEEDED: TriggerEvent.INSTANCE_SUCCESS,
            Status.FAILED: TriggerEvent.INSTANCE_FAILURE,
        }[status]
    return ((kind, _instance(process, state, target, event.at)),)


def _ready(
    process: DeploymentProcess, state: DeploymentState, event: Event
) -> Iterator[tuple[TriggerEvent, Mapping[str, JSON]]]:
    """Say what has just begun to wait for traffic: instances, and their deployment."""
    if process.stage(state) is not Stage.READY:
        return
    for target in process.plan.targets:
        if process.target_status(state, target.id) is Status.READY:
            told = _instance(process, state, target.id, event.at)
            yield TriggerEvent.INSTANCE_READY, told
    yield TriggerEvent.DEPLOYMENT_READY, _deployment(process, state)


def _instance(
    process: DeploymentProcess, state: DeploymentState, target: str, at: datetime
) -> dict[str, JSON]:
    events: list[dict[str, str]] = []
    for name in process.plan.events_of(target):
        began = state.begun.get(RunLifecycleEvent(target=target, event=name).key)
        shape = {
            "LifecycleEvent": str(name),
            "LifecycleEventStatus": str(process.event_status(state, target, name)),
        }
        if began is not None:
            shape["StartTime"] = began.started_at.isoformat()
            if began.finished_at is not None:
                shape["EndTime"] = began.finished_at.isoformat()
        events.append(shape)
    return {
        "region": REGION,
        "accountId": ACCOUNT,
        "deploymentId": process.plan.deployment_id,
        "instanceId": target,
        "lastUpdatedAt": at.isoformat(),
        "instanceStatus": str(process.target_status(state, target)),
        "lifecycleEvents": json.dumps(events),
    }


def _deployment(process: DeploymentProcess, state: DeploymentState) -> dict[str, JSON]:
    info = deployment_info(process, state)
    overview = info["deploymentOverview"]
    assert isinstance(overview, dict), "made by deployment_info"
    payload: dict[str, JSON] = {
        "region": REGION,
        "accountId": ACCOUNT,
        "applicationName": info["applicationName"],
        "deploymentId": info["deploymentId"],
        "deploymentGroupName": info["deploymentGroupName"],
        "createTime": info["createTime"],
        "completeTime": info.get("completeTime"),
        "deploymentOverview": json.dumps({key: str(count) for key, count in overview.items()}),
        "status": info["status"],
    }
    found = info.get("errorInformation")
    if isinstance(found, dict):
        payload["errorInformation"] = json.dumps(
            {"ErrorCode": found["code"], "ErrorMessage": found["message"]}
        )
    return payload


def _rollback(process: DeploymentProcess, state: DeploymentState) -> dict[str, JSON]:
    plan = process.plan
    about = {
        "RollbackDeploymentId": plan.deployment_id,
        "RollbackTriggeringDeploymentId": plan.rollback_of,
    }
    return {**_deployment(process, state), "rollbackInformation": json.dumps(about)}
