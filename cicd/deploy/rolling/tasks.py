"""The tasks of a service: each is a task set of its own, named by its revision and a number."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.shift.task_sets import secrets_of_definition
from cicd.ports import TaskSetOrder, TaskState
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.rolling.service import RollingService
    from cicd.deploy.taskdef.definition import TaskDefinition
    from cicd.ports import Endpoint, Services, TrafficRouter

_ID: Final = re.compile(r"r([0-9]+)-([0-9]+)")
_ANY_PORT: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task that there is."""

    id: str
    revision: int  # 0: none of ours
    state: TaskState | None  # None: it is going, or coming
    healthy: bool
    seen: str = ""  # what the load balancer's check saw that failed


class Tasks:
    """Starts, looks at and ends the tasks of one service. Everything may be repeated."""

    def __init__(self, service: RollingService, services: Services) -> None:
        """Ask for nothing yet."""
        self._service = service
        self._services = services

    def look(self) -> tuple[Task, ...]:
        """Give every task; one that runs is known to the load balancer from then on."""
        sets, found = self._services.task_sets(), []
        router = self._router
        behind: frozenset[Endpoint] = frozenset()
        ill: Mapping[Endpoint, str] = {}
        states = {}
        for id_ in sets.known(self._service.key):
            listed = sets.look(self._service.key, id_)
            states[id_] = listed[0] if listed else None
            endpoint = listed[0].endpoint if listed else None
            if router is not None and endpoint is not None and listed[0].running:
                router.register(self._service.target_group, endpoint)
        if router is not None:
            behind = router.healthy(self._service.target_group)
            ill = router.ill(self._service.target_group)
        for id_, state in states.items():
            match = _ID.fullmatch(id_)
            well = state is not None and state.running and state.healthy
            if router is not None:
                well = well and state is not None and state.endpoint in behind
            place = state.endpoint if state is not None and state.running else None
            found.append(
                Task(
                    id=id_,
                    revision=int(match[1]) if match else 0,
                    state=state,
                    healthy=well,
                    seen=ill.get(place, "") if place is not None else "",
                )
            )
        return tuple(sorted(found, key=lambda task: (task.revision, task.id)))

    def start(self, revision: int, definition: TaskDefinition, count: int) -> None:
        """Start tasks of a revision; raises ``Unavailable`` when one cannot be made."""
        sets = self._services.task_sets()
        taken = set(sets.known(self._service.key))
        first = self._service.container_name or definition.containers[0].order.name
        containers = tuple(each.order for each in definition.in_order(first))
        secrets = secrets_of_definition(definition, self._services)
        balanced = definition.container(first)
        ports = () if balanced is None else balanced.order.ports
        number = 0
        while count > 0:
            number += 1
            id_ = f"r{revision}-{number}"
            if id_ in taken:
                continue
            order = TaskSetOrder(
                service=self._service.key,
                id=id_,
                count=1,
                containers=containers,
                port=self._service.container_port or (ports[0] if ports else _ANY_PORT),
            )
            sets.create(order, secrets=secrets)
            count -= 1

    def end(self, task: Task, *, drain: bool = True) -> None:
        """Let the requests of a task end, and then the task."""
        router = self._router
        endpoint = task.state.endpoint if task.state is not None else None
        if router is not None and endpoint is not None:
            patience = self._service.drain if drain else timedelta()
            router.deregister(self._service.target_group, endpoint, drain=patience)
        self._services.task_sets().remove(self._service.key, task.id)

    @property
    def _router(self) -> TrafficRouter | None:
        spec = self._service.router
        return None if spec is None else self._services.router(spec)
