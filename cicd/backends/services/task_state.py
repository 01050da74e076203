"""What the engine tells of a task's containers, as the state of the task."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from cicd.backends.docker_stream import without_frames
from cicd.backends.services.container_body import HIDDEN, HOST
from cicd.engine.redaction import Redactor
from cicd.ports import Endpoint, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.backends.docker_engine import Engine
    from cicd.event import JSON

CONTAINER: Final = "cicd.container"
ESSENTIAL: Final = "cicd.essential"
PORT: Final = "cicd.port"
_TAIL: Final = 1  # lines of what a container said before it ended


def state_of(container: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Give the state of one container, as the engine has it."""
    return cast("Mapping[str, JSON]", container["State"])


def task_state(engine: Engine, number: int, containers: Iterable[Mapping[str, JSON]]) -> TaskState:
    """Put what the engine tells of a task's containers together."""
    endpoint, running, healthy, restarts, said, ended = None, True, True, 0, "", ""
    out_of_memory = False
    for found in containers:
        state = state_of(found)
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
            said = said or end_of(engine, str(found["Id"]), labels[CONTAINER], state)
        elif health.get("Status") == "unhealthy":
            said = said or f"container '{labels[CONTAINER]}' is unhealthy by its own check"
        if up and (count or state.get("OOMKilled")):
            ended = ended or _before(engine, str(found["Id"]), labels[CONTAINER], count, state)
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


def _before(
    engine: Engine, container: str, name: str, count: int, state: Mapping[str, JSON]
) -> str:
    """Say how a container ended that runs again, with the last that it printed then."""
    times = "once" if count == 1 else f"{count} times"
    if not count:
        return f"a process of container '{name}' was killed, out of memory"
    killed = " out of memory" if state.get("OOMKilled") else ""
    words = f"container '{name}' ended{killed} and was started again, {times} so far"
    tail = _tail(engine, container, f"&until={_unix(str(state.get('FinishedAt')))}")
    return f"{words}: {tail}" if tail else words


def end_of(engine: Engine, container: str, name: str, state: Mapping[str, JSON]) -> str:
    """Say how a container ended, with the last that it printed."""
    killed = " out of memory" if state.get("OOMKilled") else ""
    words = f"container '{name}' ended{killed} with {state.get('ExitCode')}"
    tail = _tail(engine, container)
    return f"{words}: {tail}" if tail else words


def _tail(engine: Engine, container: str, until: str = "") -> str:
    query = f"stdout=1&stderr=1&tail={_TAIL}{until}"
    printed = engine.read(f"/containers/{container}/logs?{query}")
    said = without_frames(printed).decode("utf-8", "replace").strip()
    return Redactor(_hidden(engine, container)).redact(said)


def _hidden(engine: Engine, container: str) -> list[str]:
    """Give the values of a container's variables that nothing may show; it may have shown them."""
    match engine.find(f"/containers/{container}/json"):
        case {"Config": {"Labels": {**labels}, "Env": [*variables]}}:
            names = tuple(f"{name}=" for name in json.loads(str(labels.get(HIDDEN, "[]"))))
            return [
                str(each).partition("=")[2] for each in variables if str(each).startswith(names)
            ]
    return []


def _unix(moment: str) -> str:
    """Give a moment of the engine as it wants to be asked: seconds, to the nanosecond."""
    whole, _, rest = moment.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return f"{seconds}.{rest or '0'}"
