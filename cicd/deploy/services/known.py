"""Which services have tasks here, and which of their task sets nobody wants any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.deploy.history import KIND, read_plan
from cicd.deploy.rolling.record import RolloutState, read_record
from cicd.deploy.shift.task_sets import service_key
from cicd.deploy.state import FINAL
from cicd.deploy.traffic.plan import BlueAction
from cicd.ports import TaskState
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from cicd.deploy.plan import DeploymentPlan
    from cicd.ports import Endpoint, ExecutionRecord, Services

_REVISION: Final = re.compile(r"r([0-9]+)-[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTaskSet:
    """A task set that has containers."""

    id: str
    tasks: tuple[TaskState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownService:
    """A service that has task sets here, whether a document still names it or not."""

    key: str  # "cluster/service"
    task_sets: tuple[KnownTaskSet, ...]


def known_services(services: Services) -> tuple[KnownService, ...]:
    """Give them by name; raises ``Unavailable`` where no engine answers."""
    sets = services.task_sets()
    return tuple(
        KnownService(
            key=key,
            task_sets=tuple(
                KnownTaskSet(id=each, tasks=sets.look(key, each)) for each in sets.known(key)
            ),
        )
        for key in sets.services()
    )


def deployed_services(services: Services) -> tuple[KnownService, ...]:
    """Give those that were deployed to and not removed since, by name, as if without a task."""
    keys: dict[str, datetime] = {}
    for record in services.executions.list(kind=KIND):
        plan = read_plan(record.stream, services)
        service = plan.shift.service if plan is not None and plan.shift is not None else None
        if service is not None:
            keys.setdefault(service_key(service), record.created_at)
    removed = {key: read_record(key, services)[0].removed_at for key in keys}
    return tuple(
        KnownService(key=key, task_sets=())
        for key, made in sorted(keys.items())
        if (then := removed[key]) is None or made > then
    )


def left_behind(
    service: KnownService, carrying: Collection[Endpoint], services: Services
) -> tuple[str, ...]:
    """
    Give the task sets that nobody wants: without traffic, of no deployment, and not kept.

    ``carrying`` is who has a share of some load balancer's requests. A deployment that could still
    go on may want all of them.
    """
    idle = [
        each.id
        for each in service.task_sets
        if not any(task.endpoint in carrying for task in each.tasks)
    ]
    record, _ = read_record(service.key, services)
    if not idle or record.state is RolloutState.IN_PROGRESS:
        return ()
    deployments = deployments_to(service.key, services)
    if any(found.status not in FINAL for found, _ in deployments):
        return ()
    revisions = {each.number for each in (record.revision, record.completed) if each is not None}
    kept = {_kept_by(plan) for _, plan in deployments[:1]}
    return tuple(
        id_
        for id_ in idle
        if id_ not in kept
        and not ((found := _REVISION.fullmatch(id_)) and int(found[1]) in revisions)
    )


def _kept_by(plan: DeploymentPlan) -> str:
    """Give the task set that a deployment keeps alive though it has no traffic; "": none."""
    shift = plan.shift
    assert shift is not None
    assert shift.service is not None
    kept = shift.options.blue_action is BlueAction.KEEP_ALIVE and not shift.rollback
    return shift.service.original.id if kept else ""


def deployments_to(key: str, services: Services) -> list[tuple[ExecutionRecord, DeploymentPlan]]:
    """Give the deployments that shift a service's traffic, the newest first."""
    found = []
    for record in services.executions.list(kind=KIND):
        plan = read_plan(record.stream, services)
        service = plan.shift.service if plan is not None and plan.shift is not None else None
        if plan is not None and service is not None and service_key(service) == key:
            found.append((record, plan))
    return found


def unfinished_of(key: str, services: Services) -> str:
    """Name the deployment to a service that is not over; "": none."""
    record, _ = read_record(key, services)
    if record.state is RolloutState.IN_PROGRESS:
        return record.owner
    for found, plan in deployments_to(key, services):
        if found.status not in FINAL:
            return plan.deployment_id
    return ""
