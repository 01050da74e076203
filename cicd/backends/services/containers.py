"""Task sets that are containers of this machine's engine, found again by their labels."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from cicd.backends import docker_container, docker_engine
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import HOME, home_label
from cicd.backends.docker_stream import without_frames
from cicd.backends.services.container_body import HOST, Place, body_of
from cicd.backends.services.dependencies import wait_for
from cicd.backends.services.images import images_of
from cicd.errors import Unavailable
from cicd.ports import Endpoint, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cicd.event import JSON
    from cicd.ports import ContainerDependency, ContainerOrder, TaskSetOrder

SERVICE: Final = "cicd.service"
TASK_SET: Final = "cicd.task-set"
TASK: Final = "cicd.task"
CONTAINER: Final = "cicd.container"
ESSENTIAL: Final = "cicd.essential"
PORT: Final = "cicd.port"
STOP_TIMEOUT: Final = "cicd.stop-timeout"
_TRIES: Final = 10
_TAIL: Final = 1  # lines of what a container said before it ended


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
        return tuple(self._state(number, tasks[number]) for number in sorted(tasks))

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
            return {"Status": "dead"} if found is None else _state_of(found)

        wait_for(waiting, dependency, other, look, lambda: self._end_of(path, other.name, look()))

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

    def _state(self, number: int, containers: Iterable[Mapping[str, JSON]]) -> TaskState:
        endpoint, running, healthy, restarts, said, ended = None, True, True, 0, "", ""
        out_of_memory = False
        for found in containers:
            state = _state_of(found)
            config = cast("Mapping[str, Mapping[str, str]]", found["Config"])
            labels = config["Labels"]
            if PORT in labels:
                endpoint = Endpoint(host=HOST, port=int(labels[PORT]))
            if labels.get(ESSENTIAL) != "1":
                continue
            count = int(cast("int", found.get("RestartCount") or 0))
            restarts = max(restarts, count)
            out_of_memory = out_of_memory or bool(state.get("OOMKilled"))
            up = bool(state.get("Running")) and not state.get("Restarting")
            health = cast("Mapping[str, JSON]", state.get("Health") or {})
            well = health.get("Status", "healthy") == "healthy"
            running, healthy = running and up, healthy and well
            if not up:
                said = said or self._end_of(str(found["Id"]), labels[CONTAINER], state)
            elif health.get("Status") == "unhealthy":
                said = said or f"container '{labels[CONTAINER]}' is unhealthy by its own check"
            if up and (count or state.get("OOMKilled")):
                ended = ended or self._before(str(found["Id"]), labels[CONTAINER], count, state)
        return TaskState(
            number=number,
            endpoint=endpoint,
            running=running,
            healthy=healthy,
            restarts=restarts,
            said=said,
            ended=ended,
            out_of_memory=out_of_memory,
        )

    def _before(self, container: str, name: str, count: int, state: Mapping[str, JSON]) -> str:
        """Say how a container ended that runs again, with the last that it printed then."""
        times = "once" if count == 1 else f"{count} times"
        if not count:
            return f"a process of container '{name}' was killed, out of memory"
        killed = " out of memory" if state.get("OOMKilled") else ""
        words = f"container '{name}' ended{killed} and was started again, {times} so far"
        tail = self._tail(container, f"&until={_unix(str(state.get('FinishedAt')))}")
        return f"{words}: {tail}" if tail else words

    def _end_of(self, container: str, name: str, state: Mapping[str, JSON]) -> str:
        """Say how a container ended, with the last that it printed."""
        killed = " out of memory" if state.get("OOMKilled") else ""
        words = f"container '{name}' ended{killed} with {state.get('ExitCode')}"
        tail = self._tail(container)
        return f"{words}: {tail}" if tail else words

    def _tail(self, container: str, until: str = "") -> str:
        query = f"stdout=1&stderr=1&tail={_TAIL}{until}"
        printed = self._engine.read(f"/containers/{container}/logs?{query}")
        return without_frames(printed).decode("utf-8", "replace").strip()

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


def _unix(moment: str) -> str:
    """Give a moment of the engine as it wants to be asked: seconds, to the nanosecond."""
    whole, _, rest = moment.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return f"{seconds}.{rest or '0'}"


def _labels(container: Mapping[str, JSON]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", container["Labels"])


def _state_of(container: Mapping[str, JSON]) -> Mapping[str, JSON]:
    return cast("Mapping[str, JSON]", container["State"])


def _has_ended(container: Mapping[str, JSON]) -> bool:
    """Tell whether it ran before; one that was only made has not."""
    return _state_of(container).get("Status") == "exited"


def _path(name: str) -> str:
    return quote(name, safe="")


def _not_made(container: ContainerOrder, words: str) -> Unavailable:
    return Unavailable(
        f"container '{container.name}' cannot be made from '{container.image}': {words}",
        hint="look at its image, command and memory in the task definition",
    )
