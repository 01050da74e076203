"""All seams in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.ports.cancel import CancelToken
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.metric import Metric
    from cicd.ports.artifacts import ArtifactStore
    from cicd.ports.caches import CacheStore
    from cicd.ports.clock import Clock
    from cicd.ports.events import EventLog
    from cicd.ports.executions import ExecutionIndex
    from cicd.ports.functions import FunctionAnswer, FunctionCall, FunctionHost
    from cicd.ports.http import HttpAnswer, HttpCall, HttpClient
    from cicd.ports.instance import InstanceTarget, TaggedInstance, TargetKind, TargetSpec
    from cicd.ports.logs import LogStore
    from cicd.ports.machines import Machines
    from cicd.ports.objects import Bucket, LocalImage
    from cicd.ports.reporter import Reporter
    from cicd.ports.runner import Runner
    from cicd.ports.secrets import ParameterStore, SecretSource
    from cicd.ports.source import Source
    from cicd.ports.task_sets import HookFunctions, TaskSets
    from cicd.ports.traffic import RouterSpec, TrafficRouter
    from cicd.ports.watcher import Watcher


def _no_router(spec: RouterSpec) -> TrafficRouter:
    raise Unavailable(f"there is no load balancer '{spec.name}' here")


def _no_machines(kind: TargetKind) -> Machines:
    raise Unavailable(f"there are no fleets of kind {kind} here")


def _no_task_sets() -> TaskSets:
    raise Unavailable("there is nothing here that runs the tasks of services")


def _no_parameters() -> ParameterStore:
    raise Unavailable("there is no store of parameters here")


def _no_metrics(metric: Metric, period: int, count: int) -> tuple[float | None, ...]:
    del period
    raise Unavailable(f"nothing here gives {metric} in {count} periods")


def _no_http(call: HttpCall, into: Path | None = None) -> HttpAnswer:
    del into
    raise Unavailable(f"nothing here speaks to {call.url}")


def _no_bucket(place: str) -> Bucket:
    raise Unavailable(f"there is no bucket at '{place}' here")


def _no_image(name: str) -> LocalImage | None:
    raise Unavailable(f"there is no engine here to ask for the image '{name}'")


class _NoFunctions:
    """Where nothing runs functions."""

    def invoke(self, call: FunctionCall) -> FunctionAnswer:
        raise Unavailable(f"nothing here runs the function '{call.function_name}'")

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What a room may ask for; made by ``wiring.py``."""

    home: Path  # the state directory, ".cicd"
    log: EventLog
    executions: ExecutionIndex
    logs: LogStore
    artifacts: ArtifactStore
    caches: CacheStore
    secrets: SecretSource
    clock: Clock
    reporters: tuple[Reporter, ...]
    new_id: Callable[[], str]  # a fresh UUID
    runner: Callable[[str], Runner]  # by name; loaded when first asked for
    source: Callable[[Path], Source]  # what is committed in a git repository
    working_tree: Callable[[Path], Source]  # any directory as it is, in git or not
    target: Callable[[TargetSpec], InstanceTarget]
    watcher: Callable[[], Watcher]
    router: Callable[[RouterSpec], TrafficRouter] = _no_router
    cancel: CancelToken = field(default_factory=CancelToken)  # the invocation's own
    jobs: int = 8  # commands at once, an execution
    builds: int | None = None  # builds at once, of this home; None: any number
    tagged: Callable[[], tuple[TaggedInstance, ...]] = tuple  # what tags of groups may mean
    machines: Callable[[TargetKind], Machines] = _no_machines  # of fleets
    bucket: Callable[[str], Bucket] = _no_bucket  # by its place: an absolute path, or a URL
    http: HttpClient = _no_http
    # Of the last so many periods of so many seconds, the newest last; None: nothing ended in it.
    metric: Callable[[Metric, int, int], tuple[float | None, ...]] = _no_metrics
    task_sets: Callable[[], TaskSets] = _no_task_sets  # of services
    hook_functions: Callable[[], HookFunctions | None] = lambda: None  # None: there are none
    parameters: Callable[[], ParameterStore] = _no_parameters  # of this machine
    functions: FunctionHost = field(default_factory=_NoFunctions)
    image: Callable[[str], LocalImage | None] = _no_image  # by name or id; None: it is not here
