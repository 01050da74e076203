"""The events of executions, read again from the log: of builds, deployments and pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.engine.codec import decode
from cicd.observe.envelope import envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from cicd.build.state import BuildState
    from cicd.deploy.state import DeploymentState
    from cicd.event import JSON, Event
    from cicd.ports import Described, ExecutionRecord, Services

_KINDS = ("pipeline", "build", "deployment")  # those that a service tells events of


class Follower:
    """One execution, from its first event on; what was given once is not given again."""

    def __init__(self, stream: str, services: Services) -> None:
        """Begin before the first event of ``stream``."""
        self._stream, self._services = stream, services
        self._version = 0
        self._tell = _teller(stream)

    def next(self) -> Iterator[tuple[datetime, Mapping[str, JSON]]]:
        """Give the events that were written since the last call, with their exact moments."""
        for version, event in self._services.log.read(self._stream, after=self._version):
            self._version = version
            for said in self._tell(event):
                found = envelope(self._stream, event, said)
                if found is not None:
                    yield event.at, found


class EventBus:
    """The events of all executions of a home, in the order of time."""

    def __init__(self, services: Services) -> None:
        """Begin before the first execution."""
        self._services = services
        self._followers: dict[str, Follower] = {}
        self._known: dict[str, ExecutionRecord] = {}

    def next(
        self, *, name: str | None = None, since: datetime | None = None
    ) -> list[tuple[datetime, Mapping[str, JSON]]]:
        """
        Give the events since the last call with their exact moments, the oldest first.

        Args:
            name: Only of this project, deployment group or pipeline.
            since: Only those of this moment and later.

        """
        found = []
        for record in self._records(name):
            known, self._known[record.stream] = self._known.get(record.stream), record
            over = _is_over(record)
            if over and (record == known or (since is not None and record.updated_at < since)):
                continue
            follower = self._followers.setdefault(
                record.stream, Follower(record.stream, self._services)
            )
            found += [each for each in follower.next() if since is None or each[0] >= since]
        found.sort(key=lambda each: each[0])
        return found

    def _records(self, name: str | None) -> Iterator[ExecutionRecord]:
        # The oldest first: of two events of one moment, that of who began earlier comes first.
        for kind in _KINDS:
            yield from reversed(self._services.executions.list(kind=kind, name=name))


def _is_over(record: ExecutionRecord) -> bool:
    return not record.driven and record.status.upper() not in {
        "IN_PROGRESS",
        "INPROGRESS",
        "STOPPING",
        "CREATED",
    }


def _teller(stream: str) -> Callable[[Event], tuple[Described, ...]]:
    """Give what puts one event after the other into words, as the room of a stream does."""
    match stream.partition("/")[0]:
        case "build":
            return _of_builds()
        case "deployment":
            return _of_deployments()
        case _:
            return _of_pipelines()


def _of_pipelines() -> Callable[[Event], tuple[Described, ...]]:
    from cicd.pipeline.describe import describe
    from cicd.pipeline.process import PipelineProcess

    process = PipelineProcess()
    state = process.initial()

    def tell(event: Event) -> tuple[Described, ...]:
        nonlocal state
        before, state = state, process.apply(state, event)
        return describe(before, event, state)

    return tell


def _of_builds() -> Callable[[Event], tuple[Described, ...]]:
    from cicd.build.describe import describe
    from cicd.build.plan import BuildPlan
    from cicd.build.process import BuildProcess

    process: BuildProcess | None = None
    state: BuildState | None = None

    def tell(event: Event) -> tuple[Described, ...]:
        nonlocal process, state
        if process is None or state is None:
            process = BuildProcess(decode(BuildPlan, event.data["plan"]))
            state = process.initial()
        before, state = state, process.apply(state, event)
        return describe(process, before, event, state)

    return tell


def _of_deployments() -> Callable[[Event], tuple[Described, ...]]:
    from cicd.deploy.describe import describe
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.process import DeploymentProcess

    process: DeploymentProcess | None = None
    state: DeploymentState | None = None

    def tell(event: Event) -> tuple[Described, ...]:
        nonlocal process, state
        if process is None or state is None:
            process = DeploymentProcess(decode(DeploymentPlan, event.data["plan"]))
            state = process.initial()
        state = process.apply(state, event)
        return (describe(process, state, event),)

    return tell
