"""Task sets that are containers of this machine's engine, found again by their labels."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from cicd.backends import docker_container, docker_engine
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import HOME, home_label
from cicd.backends.services.container_body import HOST, Place, body_of
from cicd.backends.services.dependencies import wait_for
from cicd.backends.services.images import images_of
from cicd.backends.services.task_state import (
    CONTAINER,
    ESSENTIAL,
    PORT,
    end_of,
    state_of,
    task_state,
)
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.event import JSON
    from cicd.ports import ContainerDependency, ContainerOrder, TaskSetOrder, TaskState

SERVICE: Final = "cicd.service"
TASK_SET: Final = "cicd.task-set"
TASK: Final = "cicd.task"
STOP_TIMEOUT: Final = "cicd.stop-timeout"
_TRIES: Final = 10


class ContainerTaskSets:
    """
    Makes tasks of containers that share one network.

    The engine starts what ended again, also without us. Each task has a port of this machine that
    stays its own: a load balancer would not find it behind another one.
    """

    def __init__(self, home: Path) -> None:
        """Ask the engine nothing yet; ``home`` is in a label of each container."""
        self._home = home_label(home)
        self._engine = Engine(docker_engine.endpoint())

    def create(
        self, order: TaskSetOrder, *, secrets: Mapping[tuple[str, str], str]
    ) -> tuple[TaskState, ...]:
        """Make a task set and start it; raises ``Unavailable``, and then none of it is left."""
        images = images_of(self._engine, order.containers)
        try:
            for number in range(1, order.count + 1):
                self._make(order, number, images, secrets)
        except BaseException:
            self.remove(order.service, order.id)
            raise
        return self.look(order.service, order.id)

    def look(self, service: str, task_set: str) -> tuple[TaskState, ...]:
        """Give the tasks of a set, by number."""
        tasks: dict[int, list[Mapping[str, JSON]]] = {}
        for each in self._list(f"{SERVICE}={service}", f"{TASK_SET}={task_set}"):
            found = self._engine.find(f"/containers/{each['Id']}/json")
            if found is not None:
                tasks.setdefault(int(_labels(each)[TASK]), []).append(found)
        return tuple(task_state(self._engine, number, tasks[number]) for number in sorted(tasks))

    def services(self) -> tuple[str, ...]:
        """Give the services that have task sets, by name."""
        return tuple(sorted({_labels(each)[SERVICE] for each in self._list(SERVICE)}))

    def known(self, service: str) -> tuple[str, ...]:
        """Give the ids of a service's task sets."""
        found = self._list(f"{SERVICE}={service}")
        return tuple(dict.fromkeys(_labels(each)[TASK_SET] for each in found))

    def remove(self, service: str, task_set: str) -> None:
        """End its containers and remove them, with their volumes and those of the tasks."""
        mine = (f"{SERVICE}={service}", f"{TASK_SET}={task_set}")
        for each in self._list(*mine):
            patience = _labels(each).get(STOP_TIMEOUT)
            if patience is not None:
                with suppress(Refused):  # it has ended, or gone
                    self._engine.call("POST", f"/containers/{each['Id']}/stop?t={patience}")
            docker_container.remove(self._engine, str(each["Id"]))
        query = {"filters": json.dumps({"label": [f"{HOME}={self._home}", *mine]})}
        volumes = cast("Mapping[str, JSON]", self._engine.call("GET", "/volumes", query=query))
        for volume in cast("list[Mapping[str, JSON]]", volumes.get("Volumes") or []):
            with suppress(Refused):  # somebody else mounts it, or has removed it
                self._engine.call("DELETE", f"/volumes/{_path(str(volume['Name']))}")

    def _make(
        self,
        order: TaskSetOrder,
        number: int,
        images: Mapping[str, str],
        secrets: Mapping[tuple[str, str], str],
    ) -> None:
        """Make what is missing of one task, and start all of it, each when it may begin."""
        known = {each.name: each for each in order.containers}
        has_network = False
        for each in order.containers:
            for dependency in each.waits_for:
                self._wait(order, number, each, dependency, known[dependency.container])
            if each is order.network_owner:
                self._own_network(order, number, images, secrets)
                has_network = True
                continue
            name = self._name(order, number, each.name)
            found = self._engine.find(f"/containers/{_path(name)}/json")
            if found is None:
                place = self._place(order, number, each, None, joins=has_network)
                self._create(name, each, images, secrets, place)
            if found is None or each.restarts or not _has_ended(found):
                self._start(name, each)

    def _own_network(
        self,
        order: TaskSetOrder,
        number: int,
        images: Mapping[str, str],
        secrets: Mapping[tuple[str, str], str],
    ) -> None:
        """Make the container whose network the others have, on a port that nobody else has."""
        owner = order.network_owner
        name = self._name(order, number, owner.name)
        for _ in range(_TRIES):
            if self._engine.find(f"/containers/{_path(name)}/json") is None:
                place = self._place(order, number, owner, _free_port(), joins=False)
                self._create(name, owner, images, secrets, place)
            try:
                self._start(name, owner)
            except _PortTaken:
                docker_container.remove(self._engine, _path(name))
                continue
            return
        raise Unavailable(f"no port of this machine is free for a task of '{order.service}'")

    def _wait(
        self,
        order: TaskSetOrder,
        number: int,
        waiting: ContainerOrder,
        dependency: ContainerDependency,
        other: ContainerOrder,
    ) -> None:
        path = _path(self._name(order, number, other.name))

        def look() -> Mapping[str, JSON]:
            found = self._engine.find(f"/containers/{path}/json")
            return {"Status": "dead"} if found is None else state_of(found)

        wait_for(
            waiting,
            dependency,
            other,
            look,
            lambda: end_of(self._engine, path, other.name, look()),
        )

    def _create(
        self,
        name: str,
        container: ContainerOrder,
        images: Mapping[str, str],
        secrets: Mapping[tuple[str, str], str],
        place: Place,
    ) -> None:
        hidden = {of: value for (owner, of), value in secrets.items() if owner == container.name}
        body: JSON = body_of(container, images[container.image], hidden, place)
        try:
            docker_container.create(self._engine, name, body)
        except Refused as refused:
            raise _not_made(container, refused.message) from None

    def _start(self, name: str, container: ContainerOrder) -> None:
        try:
            self._engine.call("POST", f"/containers/{_path(name)}/start")
        except Refused as refused:
            if "port is already allocated" in refused.message or "in use" in refused.message:
                raise _PortTaken from None
            raise _not_made(container, refused.message) from None

    def _name(self, order: TaskSetOrder, number: int, part: str) -> str:
        service = order.service.replace("/", "-")
        return f"cicd-{self._home[:6]}-{service}-{order.id}-{number}-{part}"

    def _place(
        self,
        order: TaskSetOrder,
        number: int,
        container: ContainerOrder,
        port: int | None,
        *,
        joins: bool,
    ) -> Place:
        labels = {
            HOME: self._home,
            SERVICE: order.service,
            TASK_SET: order.id,
            TASK: str(number),
            CONTAINER: container.name,
            ESSENTIAL: str(int(container.essential)),
        }
        if port is not None:
            labels[PORT] = str(port)
        if container.stop_timeout is not None:
            labels[STOP_TIMEOUT] = str(int(container.stop_timeout.total_seconds()))
        return Place(
            order=order,
            number=number,
            labels=labels,
            name_of=lambda part: self._name(order, number, part),
            public_port=port,
            joins=joins,
        )

    def _list(self, *labels: str) -> list[Mapping[str, JSON]]:
        filters = json.dumps({"label": [f"{HOME}={self._home}", *labels]})
        found = self._engine.call(
            "GET", "/containers/json", query={"all": "1", "filters": filters}
        )
        return cast("list[Mapping[str, JSON]]", found)


class _PortTaken(Exception):
    """Somebody else was quicker."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _labels(container: Mapping[str, JSON]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", container["Labels"])


def _has_ended(container: Mapping[str, JSON]) -> bool:
    """Tell whether it ran before; one that was only made has not."""
    return state_of(container).get("Status") == "exited"


def _path(name: str) -> str:
    return quote(name, safe="")


def _not_made(container: ContainerOrder, words: str) -> Unavailable:
    return Unavailable(
        f"container '{container.name}' cannot be made from '{container.image}': {words}",
        hint="look at its image, command and memory in the task definition",
    )
