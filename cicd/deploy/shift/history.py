"""What a service's earlier deployments say: which task set is its primary one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import RunLifecycleEvent
from cicd.deploy.shift.plan import ServicePlan, TaskSetRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.shift.process import ShiftProcess
    from cicd.event import JSON
    from cicd.ports import Services


def settle_service(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """
    Have the primary task set be the original, and the other target group the replacement's.

    Source: CodeDeploy User Guide, "What happens during an Amazon ECS deployment" (the replacement
    becomes the primary task set once it has all of the traffic).
    """
    shift = plan.shift
    if shift is None or shift.service is None or shift.rollback:
        return plan
    service = shift.service
    primary = primary_task_set(plan, services)
    if primary is None or primary.target_group not in service.target_groups:
        settled = service
    else:
        one, two = service.target_groups
        other = two if primary.target_group == one else one
        settled = replace(
            service, original=primary, replacement=TaskSetRef(id="", target_group=other)
        )
    return replace(plan, shift=replace(shift, service=settled))


def with_task_set(plan: DeploymentPlan, deployment_id: str) -> DeploymentPlan:
    """Name a deployment's replacement after it."""
    shift = plan.shift
    if shift is None or shift.service is None or shift.rollback:
        return plan
    replacement = replace(shift.service.replacement, id=deployment_id.removeprefix("d-"))
    service: ServicePlan = replace(shift.service, replacement=replacement)
    return replace(plan, shift=replace(shift, service=service))


def primary_task_set(plan: DeploymentPlan, services: Services) -> TaskSetRef | None:
    """Give the task set that last got all of a service's traffic; None: none did."""
    from cicd.deploy.history import KIND, fold, read_plan
    from cicd.deploy.processes import process_of
    from cicd.deploy.shift.process import ShiftProcess

    removed_at = _removed_at(plan, services)
    for record in services.executions.list(kind=KIND, name=plan.deployment_group_name):
        if removed_at is not None and record.created_at <= removed_at:
            return None
        earlier = read_plan(record.stream, services)
        if earlier is None or earlier.deployment_group_id != plan.deployment_group_id:
            continue
        process = process_of(earlier)
        if not isinstance(process, ShiftProcess) or process.shift.service is None:
            continue
        if process.is_shifted(fold(process, services)):
            return process.shift.service.replacement
    return None


def _removed_at(plan: DeploymentPlan, services: Services) -> datetime | None:
    from cicd.deploy.rolling.record import read_record
    from cicd.deploy.shift.task_sets import service_key

    shift = plan.shift
    if shift is None or shift.service is None:
        return None
    return read_record(service_key(shift.service), services)[0].removed_at


def weight_now(process: ShiftProcess, services: Services) -> int | None:
    """Give the weight that a deployment's log says the replacement has; None: no step began."""
    from cicd.deploy.history import fold

    state = fold(process, services)
    done = process.done_steps(state)
    return done[-1][0].weight if done else None


def restarts_then(process: ShiftProcess, services: Services) -> Mapping[str, JSON]:
    """Give how often each task of the replacement had been restarted when it was installed."""
    from cicd.deploy.history import fold

    install = RunLifecycleEvent(target=process.target, event=LifecycleEvent.INSTALL)
    entry = fold(process, services).begun.get(install.key)
    detail = entry.outcome.detail if entry is not None and entry.outcome is not None else {}
    found = detail.get("restarts")
    return found if isinstance(found, dict) else {}
