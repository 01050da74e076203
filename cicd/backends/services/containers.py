"""Task sets that are containers of this machine's engine, found again by their labels."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from cicd.backends import docker_container, docker_engine, docker_images
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import HOME, home_label
from cicd.backends.docker_stream import without_frames
from cicd.errors import Unavailable
from cicd.ports import Endpoint, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cicd.event import JSON
    from cicd.ports import ContainerOrder, TaskSetOrder

SERVICE: Final = "cicd.service"
TASK_SET: Final = "cicd.task-set"
TASK: Final = "cicd.task"
CONTAINER: Final = "cicd.container"
ESSENTIAL: Final = "cicd.essential"
PORT: Final = "cicd.port"
_HOST: Final = "127.0.0.1"
_TRIES: Final = 10
_TAIL: Final = 1  # lines of what a container said before it ended
_SECOND: Final = 1_000_000_000  # nanoseconds


class ContainerTaskSets:
    """
    Makes tasks of containers that share the first one's network.

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
        images = {
            each.image: docker_images.find(self._engine, each.image, "", lambda _line: None)
            for each in order.containers
        }
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

    def known(self, service: str) -> tuple[str, ...]:
        """Give the ids of a service's task sets."""
        found = self._list(f"{SERVICE}={service}")
        return tuple(dict.fromkeys(_labels(each)[TASK_SET] for each in found))

    def remove(self, service: str, task_set: str) -> None:
        """Kill its containers and remove them, with their volumes."""
        for each in self._list(f"{SERVICE}={service}", f"{TASK_SET}={task_set}"):
            docker_container.remove(self._engine, str(each["Id"]))

    def _make(
        self,
        order: TaskSetOrder,
        number: int,
        images: Mapping[str, str],
        secrets: Mapping[tuple[str, str], str],
    ) -> None:
        """Make what is missing of one task, and start all of it."""
        first, *others = order.containers
        owner = self._name(order, number, first)
        for _ in range(_TRIES):
            if self._engine.find(f"/containers/{_path(owner)}/json") is None:
                body = self._body(order, number, first, images, secrets)
                self._create(owner, body, first)
            try:
                self._start(owner, first)
            except _PortTaken:
                docker_container.remove(self._engine, _path(owner))
                continue
            break
        else:
            raise Unavailable(f"no port of this machine is free for a task of '{order.service}'")
        for each in others:
            name = self._name(order, number, each)
            if self._engine.find(f"/containers/{_path(name)}/json") is None:
                body = self._body(order, number, each, images, secrets)
                self._create(name, body, each)
            self._start(name, each)

    def _create(self, name: str, body: JSON, container: ContainerOrder) -> None:
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

    def _name(self, order: TaskSetOrder, number: int, container: ContainerOrder) -> str:
        service = order.service.replace("/", "-")
        return f"cicd-{self._home[:6]}-{service}-{order.id}-{number}-{container.name}"

    def _body(
        self,
        order: TaskSetOrder,
        number: int,
        container: ContainerOrder,
        images: Mapping[str, str],
        secrets: Mapping[tuple[str, str], str],
    ) -> JSON:
        first = order.containers[0]
        host: dict[str, JSON] = {
            "Init": True,
            "RestartPolicy": {"Name": "unless-stopped"},
            "CpuShares": container.cpu,
        }
        if container.memory is not None:
            host |= {"Memory": container.memory, "MemorySwap": container.memory}
        hidden = {name: value for (of, name), value in secrets.items() if of == container.name}
        labels: dict[str, JSON] = {
            HOME: self._home,
            SERVICE: order.service,
            TASK_SET: order.id,
            TASK: str(number),
            CONTAINER: container.name,
            ESSENTIAL: str(int(container.essential)),
        }
        body: dict[str, JSON] = {
            "Image": images[container.image],
            "Env": [f"{n}={v}" for n, v in (*container.environment, *hidden.items())],
            "Labels": labels,
            "HostConfig": host,
        }
        if container is first:
            public = _free_port()
            labels[PORT] = str(public)
            inside = f"{order.port}/tcp"
            body |= {"ExposedPorts": {inside: {}}, "Hostname": f"{container.name}-{number}"[:63]}
            host["PortBindings"] = {inside: [{"HostIp": _HOST, "HostPort": str(public)}]}
        else:
            host["NetworkMode"] = f"container:{self._name(order, number, first)}"
        if container.command is not None:
            body["Cmd"] = list(container.command)
        if container.entry_point is not None:
            body["Entrypoint"] = list(container.entry_point)
        if container.working_directory:
            body["WorkingDir"] = container.working_directory
        if container.user:
            body["User"] = container.user
        if container.health is not None:
            check = container.health
            body["Healthcheck"] = {
                "Test": list(check.command),
                "Interval": int(check.interval.total_seconds() * _SECOND),
                "Timeout": int(check.timeout.total_seconds() * _SECOND),
                "Retries": check.retries,
                "StartPeriod": int(check.start_period.total_seconds() * _SECOND),
            }
        return body

    def _state(self, number: int, containers: Iterable[Mapping[str, JSON]]) -> TaskState:
        endpoint, running, healthy, restarts, said, ended = None, True, True, 0, "", ""
        out_of_memory = False
        for found in containers:
            state = cast("Mapping[str, JSON]", found["State"])
            config = cast("Mapping[str, Mapping[str, str]]", found["Config"])
            labels = config["Labels"]
            if PORT in labels:
                endpoint = Endpoint(host=_HOST, port=int(labels[PORT]))
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
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _unix(moment: str) -> str:
    """Give a moment of the engine as it wants to be asked: seconds, to the nanosecond."""
    whole, _, rest = moment.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return f"{seconds}.{rest or '0'}"


def _labels(container: Mapping[str, JSON]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", container["Labels"])


def _path(name: str) -> str:
    return quote(name, safe="")


def _not_made(container: ContainerOrder, words: str) -> Unavailable:
    return Unavailable(
        f"container '{container.name}' cannot be made from '{container.image}': {words}",
        hint="look at its image, command and memory in the task definition",
    )
