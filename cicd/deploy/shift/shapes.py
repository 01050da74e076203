"""A shift's target in the shapes of the API: ``ecsTarget`` or ``lambdaTarget``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.account import ACCOUNT, REGION
from cicd.deploy.shapes import diagnostics
from cicd.functions.function import arn

if TYPE_CHECKING:
    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.deploy.shift.process import ShiftProcess
    from cicd.deploy.state import DeploymentState
    from cicd.event import JSON


def shift_target(process: ShiftProcess, state: DeploymentState) -> dict[str, JSON]:
    """Give the service or function. Source: API, "ECSTarget", "LambdaTarget"."""
    plan, function = process.plan, process.shift.function
    events = [_event(process, state, event) for event in plan.events]
    moments = [entry.finished_at or entry.started_at for entry in state.begun.values()]
    updated = max(moments, default=state.concluded_at or state.created_at)
    if function is not None:
        return {
            "deploymentTargetType": "LambdaTarget",
            "lambdaTarget": {
                "deploymentId": plan.deployment_id,
                "targetId": plan.targets[0].location,
                "targetArn": arn(function.name, function.alias),
                "status": str(process.target_status(state, process.target)),
                "lastUpdatedAt": None
                if updated is None
                else updated.isoformat(timespec="milliseconds"),
                "lifecycleEvents": [*events],
                "lambdaFunctionInfo": {
                    "functionName": function.name,
                    "functionAlias": function.alias,
                    "currentVersion": function.current_version,
                    "targetVersion": function.target_version,
                    "targetVersionWeight": process.weight(state) / 100,
                },
            },
        }
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": plan.deployment_id,
            "targetId": plan.targets[0].location.replace("/", ":"),
            "targetArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{plan.targets[0].location}",
            "status": str(process.target_status(state, process.target)),
            "lastUpdatedAt": None
            if updated is None
            else updated.isoformat(timespec="milliseconds"),
            "lifecycleEvents": [*events],
            "taskSetsInfo": _task_sets(process, state),
        },
    }


def _event(
    process: ShiftProcess, state: DeploymentState, event: LifecycleEvent
) -> dict[str, JSON]:
    shape: dict[str, JSON] = {
        "lifecycleEventName": str(event),
        "status": str(process.event_status(state, process.target, event)),
    }
    began = process.event_state(state, event)
    if began is not None:
        shape["startTime"] = began.started_at.isoformat(timespec="milliseconds")
        if began.finished_at is not None:
            shape["endTime"] = began.finished_at.isoformat(timespec="milliseconds")
        found = diagnostics(began.outcome)
        if found is not None:
            shape["diagnostics"] = dict(found)
    return shape


def _task_sets(process: ShiftProcess, state: DeploymentState) -> list[JSON]:
    service = process.shift.service
    if service is None:
        return []
    weight = process.weight(state)
    labelled = (("Blue", service.original, 100 - weight), ("Green", service.replacement, weight))
    primary = service.replacement if process.is_shifted(state) else service.original
    return [
        {
            "identifer": task_set.id,  # the API's own spelling
            "desiredCount": service.desired_count,
            "status": "PRIMARY" if task_set == primary else "ACTIVE",
            "trafficWeight": share,
            "targetGroup": {"name": task_set.target_group},
            "taskSetLabel": label,
        }
        for label, task_set, share in labelled
        if task_set.id
    ]
