"""A machine in memory on which pipelines run, with providers that do as they are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from cicd.errors import UsageError
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.plan import PipelinePlan
from cicd.pipeline.result import ActionResult, ActionStatus, StoredArtifact, object_key
from cicd.pipeline.run import ExecutionResult, execution_state, start_execution
from cicd.ports import CancelToken, Services
from cicd.store.artifacts import ArtifactFiles
from cicd.store.caches import CacheFiles
from cicd.testing.clock import VirtualClock
from cicd.testing.fakes import (
    MemoryEventLog,
    MemoryExecutionIndex,
    MemoryLogStore,
    RecordingReporter,
    counting_ids,
)
from tests.pipeline.documents import read

SUCCEEDED = ActionResult(status=ActionStatus.SUCCEEDED)
MINUTE = timedelta(minutes=1)


class ReadyRunner:
    """A runner that is there; nothing is ever opened in it."""

    name = "docker"

    def check(self):
        pass


class NoSecrets:
    def parameter(self, name):
        return None

    def secret(self, reference):
        return None


def nothing(_):
    raise UsageError("there is no such thing in this world")


@dataclass
class Scripted:
    """A provider whose actions take as long, and end, as the test says; by action name."""

    clock: VirtualClock
    ends: dict[str, ActionResult] = field(default_factory=dict)
    takes: dict[str, timedelta] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    requests: dict[str, object] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)

    def run(self, request, services, scope):
        name = request.action.name
        self.calls.append(name)
        self.requests[name] = request
        self.meanwhile.get(name, lambda: None)()
        if self.clock.sleep(self.takes.get(name, timedelta()), scope.cancel):
            return SUCCEEDED if name in self.ends else replace(SUCCEEDED, status="Failed")
        result = self.ends.get(name, SUCCEEDED)
        if result.status is not ActionStatus.SUCCEEDED or result.outputs:
            return result
        return replace(
            result,
            outputs=tuple(
                StoredArtifact(
                    name=output,
                    digest="0" * 64,
                    key=object_key(request.plan.name, output, "0" * 64),
                    action=name if request.action.type_id.category == "Source" else "",
                    revision_id="c0ffee" if request.action.type_id.category == "Source" else "",
                )
                for output in request.action.outputs
            ),
        )

    def recover(self, request, services, scope):
        self.calls.append(f"recover {request.action.name}")
        return self.run(request, services, scope)


class World:
    """Services in memory, and one scripted provider for all but manual approvals."""

    def __init__(self, home: Path, monkeypatch):
        self.clock = VirtualClock()
        self.reporter = RecordingReporter()
        self.provider = Scripted(clock=self.clock)
        self.cancel = CancelToken()
        self.services = Services(
            home=home,
            log=MemoryEventLog(),
            executions=MemoryExecutionIndex(),
            logs=MemoryLogStore(),
            artifacts=ArtifactFiles(home / "artifacts"),
            caches=CacheFiles(home, self.clock),
            secrets=NoSecrets(),
            clock=self.clock,
            reporters=(self.reporter,),
            new_id=counting_ids(),
            runner=lambda name: ReadyRunner(),
            source=nothing,
            working_tree=nothing,
            watcher=nothing,
            target=nothing,
            cancel=self.cancel,
        )
        for name in ACTIONS:
            if not name.startswith("Approval"):
                monkeypatch.setitem(ACTIONS._loaded, name, self.provider)
        self.home = home

    def plan(self, *stages, start: Start | None = None, **more) -> PipelinePlan:
        return compile_plan(
            read(*stages, **more),
            start or Start(),
            root=self.home,
            new_id=self.services.new_id,
        )

    def run(self, *stages, start: Start | None = None, **more) -> ExecutionResult:
        return start_execution(self.plan(*stages, start=start, **more), self.services)

    def statuses(self, result: ExecutionResult) -> Mapping[str, str]:
        return self.statuses_of(result, self.services)

    def statuses_of(self, result: ExecutionResult, services: Services) -> Mapping[str, str]:
        state = execution_state(result.stream, services)
        return {key: action.status.value for key, action in state.actions.items()}
