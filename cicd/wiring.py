"""Settings → Services: the only file that picks an adapter."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.ports import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cicd.backends.endpoint.server import Endpoint
    from cicd.backends.head_start import HeadStart
    from cicd.backends.traffic.running import RunningRouter
    from cicd.metric import Metric
    from cicd.observe.call import Call
    from cicd.ports import (
        ArtifactStore,
        Bucket,
        Clock,
        FunctionAnswer,
        FunctionCall,
        FunctionHost,
        HookFunctions,
        HttpAnswer,
        HttpCall,
        InstanceTarget,
        LocalImage,
        Machines,
        ParameterStore,
        Reporter,
        RouterSpec,
        Runner,
        SecretSource,
        Source,
        TaggedInstance,
        TargetKind,
        TargetSpec,
        TaskSets,
        TrafficRouter,
        Watcher,
    )
    from cicd.settings import Settings
    from cicd.store.audit_log import AuditLog
    from cicd.store.secrets.secret_store import SecretStore
    from cicd.store.upkeep.stores import Stores


@contextmanager
def make_services(
    settings: Settings,
    *,
    reporters: tuple[Reporter, ...],
    env_file: Path | None = None,
    speed: float = 1,
    ahead: HeadStart | None = None,
) -> Iterator[Services]:
    """
    Open the home and give what rooms may ask for; closed when the ``with`` ends.

    Args:
        settings: Where the home is, and how many commands at once.
        reporters: Who shows what happens.
        env_file: Values for Parameter Store and Secrets Manager.
        speed: How much faster than the clock waits pass; 60 makes five minutes five seconds.
        ahead: What ``head_start`` gave; stands for the runner of its name.

    Raises:
        Unavailable: The home cannot be made, read or written.
    """
    from cicd.store.caches import CacheFiles
    from cicd.store.database import Database
    from cicd.store.disk import prepare_home
    from cicd.store.event_log import SqliteEventLog
    from cicd.store.executions import SqliteExecutionIndex
    from cicd.store.log_files import LogFiles

    home = settings.home
    prepare_home(home)
    with ExitStack() as opened:
        clock = _clock(speed)
        database = Database(home / "state.db")
        opened.callback(database.close)
        logs = LogFiles(home / "logs")
        opened.callback(logs.close)
        artifacts = _artifacts(settings, opened)
        functions = _Functions(home, artifacts, settings.images)
        opened.callback(functions.close)
        services = Services(
            home=home,
            log=SqliteEventLog(database),
            executions=SqliteExecutionIndex(database),
            logs=logs,
            artifacts=artifacts,
            secrets=_secrets(settings, env_file),
            clock=clock,
            caches=CacheFiles(home, clock),
            reporters=reporters,
            new_id=new_id,
            runner=runners(home, ahead),
            source=_commits,
            working_tree=_working_tree,
            target=_target,
            router=_routers(home),
            watcher=watcher,
            jobs=settings.jobs,
            builds=settings.builds,
            tagged=tagged_instances,
            machines=_machines(home),
            task_sets=_task_sets(home),
            bucket=_bucket,
            image=_image,
            http=_http,
            parameters=lambda: _parameters(settings),
            metric=lambda metric, period, count: _metric(metric, period, count, services),
            functions=functions,
            hook_functions=lambda: _hooks(services),
        )
        functions.services = services
        yield services


def _metric(
    metric: Metric, period: int, count: int, services: Services
) -> tuple[float | None, ...]:
    from cicd.observe.datapoints import datapoints

    return datapoints(metric, period, count, services)


def _hooks(services: Services) -> HookFunctions:
    from cicd.backends.functions.hook_functions import LocalHookFunctions

    return LocalHookFunctions(services)


class _Functions:
    """A ``FunctionHost`` that is loaded when something is first invoked; so is its endpoint."""

    def __init__(self, home: Path, artifacts: ArtifactStore, images: Mapping[str, str]) -> None:
        self.services: Services | None = None
        self.endpoint: Endpoint | None = None
        self._rows = images
        self._home = home
        self._artifacts = artifacts
        self._lock = threading.Lock()
        self._host: FunctionHost | None = None

    def invoke(self, call: FunctionCall) -> FunctionAnswer:
        with self._lock:
            if self._host is None:
                from cicd.backends.functions.host import LocalFunctions

                self._host = LocalFunctions(
                    self._home, self._artifacts, self._listen, self._images
                )
        return self._host.invoke(call)

    def close(self) -> None:
        if self._host is not None:
            self._host.close()
        if self.endpoint is not None:
            self.endpoint.close()

    def _images(self) -> Mapping[str, str]:
        from cicd.build.find_project import local_images
        from cicd.document.resources import Resources

        return {**self._rows, **local_images(Resources.load(Path.cwd()))}

    def _listen(self) -> str:
        with self._lock:
            if self.endpoint is None:
                from cicd.backends.endpoint.server import Endpoint

                assert self.services is not None, "nothing is invoked before there are services"
                self.endpoint = Endpoint(self.services)
            return self.endpoint.url


def serve(services: Services, port: int) -> Endpoint:
    """Start the endpoint of a home, for everybody on this machine; raises ``Unavailable``."""
    from cicd.backends.endpoint.server import Endpoint

    endpoint = Endpoint(services, port)
    assert isinstance(services.functions, _Functions), "services are made here"
    services.functions.endpoint = endpoint
    return endpoint


def _artifacts(settings: Settings, opened: ExitStack) -> ArtifactStore:
    """Give the store of artifacts: a folder of the home, unless the settings say otherwise."""
    folder = settings.home / "artifacts"
    sealed = settings.artifact_encryption == "on"
    if settings.artifact_store is None and not sealed:
        from cicd.store.artifacts import ArtifactFiles

        return ArtifactFiles(folder)
    from tempfile import TemporaryDirectory

    from cicd.store.remote_artifacts import RemoteArtifacts
    from cicd.store.sealing import Sealing
    from cicd.store.secrets.key import KeyRing

    place = settings.artifact_store or str(folder)
    if "://" not in place:
        place = str((settings.home.parent / place).resolve())
    # What is sealed is in clear only for as long as this process works with it.
    fresh = opened.enter_context(TemporaryDirectory(prefix="cicd-artifacts-")) if sealed else ""
    return RemoteArtifacts(
        Path(fresh) if sealed else folder,
        _bucket(place),
        Sealing(KeyRing.of(os.environ)) if sealed else None,
    )


def new_id() -> str:
    """Make a name that nothing else has: a random UUID."""
    # Not the module uuid, which looks the whole machine over when it is imported.
    digits = bytearray(os.urandom(16))
    digits[6] = digits[6] & 0x0F | 0x40  # version 4
    digits[8] = digits[8] & 0x3F | 0x80  # variant 1
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@contextmanager
def stores(home: Path) -> Iterator[Stores]:
    """Open what looks after a home needs: to prune, check and copy it."""
    from cicd.engine.clock import SystemClock
    from cicd.store.upkeep.stores import open_stores

    with open_stores(home, SystemClock()) as opened:
        yield opened


def runners(home: Path, ahead: HeadStart | None = None) -> Callable[[str], Runner]:
    """Give a function from a runner's name to the one runner of that name and ``home``."""
    from cicd.backends import RUNNERS

    known = {} if ahead is None else {ahead.name: ahead}
    return cache(lambda name: known.get(name) or RUNNERS.get(name)(home))


@contextmanager
def head_start(home: Path, name: str) -> Iterator[HeadStart | None]:
    """
    Give the runner ``name`` so that a session of it can be begun before there are services.

    None for runners whose sessions are quick to open.
    """
    if name != "docker":
        yield None
        return
    from cicd.backends.head_start import HeadStart
    from cicd.backends.runner_docker import DockerRunner
    from cicd.store.disk import prepare_home

    prepare_home(home)
    with closing(HeadStart(DockerRunner(home), DockerRunner(home, offline=True))) as ahead:
        yield ahead


def secret_store(settings: Settings) -> SecretStore:
    """Give the store of the home's secrets and parameters; nothing is opened yet."""
    from cicd.engine.clock import SystemClock
    from cicd.store.secrets.key import KeyRing
    from cicd.store.secrets.secret_store import SecretStore

    return SecretStore(
        home=settings.home, keys=KeyRing.of(os.environ), clock=SystemClock(), new_id=new_id
    )


def _parameters(settings: Settings) -> ParameterStore:
    from cicd.store.secrets.parameters import LocalParameters

    return LocalParameters(secret_store(settings))


def _secrets(settings: Settings, env_file: Path | None) -> SecretSource:
    from cicd.backends.secrets_chain import USUAL, SecretChain, SecretOrigin

    origin = SecretOrigin(
        home=settings.home, environ=os.environ, env_file=env_file, profile=settings.profile
    )
    usual = (*USUAL, *(("aws",) if settings.profile else ()))
    chain = SecretChain(settings.secrets or usual, origin)
    if env_file is not None or settings.secrets or settings.profile:
        chain.load()
    return chain


def _clock(speed: float) -> Clock:
    from cicd.engine.clock import ScaledClock, SystemClock

    return SystemClock() if speed == 1 else ScaledClock(speed)


def _commits(path: Path) -> Source:
    from cicd.backends.source_git import GitSource

    return GitSource(path)


def _working_tree(path: Path) -> Source:
    from cicd.backends.source_directory import DirectorySource

    return DirectorySource(path)


def _target(spec: TargetSpec) -> InstanceTarget:
    from cicd.backends import TARGETS

    return TARGETS.get(spec.kind)(spec)


def make_ready(targets: Sequence[TargetSpec]) -> None:
    """Begin to find out what instances can do here, beside what their deployment needs first."""
    from cicd.backends import instance_world
    from cicd.ports import TargetKind

    if any(each.kind is TargetKind.DIRECTORY for each in targets):
        instance_world.begin()


def tagged_instances() -> tuple[TaggedInstance, ...]:
    """Give the containers that tags of deployment groups may mean; raises ``Unavailable``."""
    from cicd.backends.docker_instances import tagged_instances as containers

    return containers()


def _bucket(place: str) -> Bucket:
    if "://" in place:
        from cicd.backends.bucket_url import UrlBucket

        return UrlBucket(place)
    from cicd.backends.bucket_folder import FolderBucket

    return FolderBucket(place)


def _http(call: HttpCall, into: Path | None = None) -> HttpAnswer:
    from cicd.backends.http_calls import call_http

    return call_http(call, into)


def _image(name: str) -> LocalImage | None:
    from cicd.backends.docker_images import local_image

    return local_image(name)


def _routers(home: Path) -> Callable[[RouterSpec], TrafficRouter]:
    from cicd.backends import TRAFFIC_ROUTERS

    return cache(lambda spec: TRAFFIC_ROUTERS.get(spec.kind)(home, spec))


def _task_sets(home: Path) -> Callable[[], TaskSets]:
    def task_sets() -> TaskSets:
        from cicd.backends.services.containers import ContainerTaskSets

        return ContainerTaskSets(home)

    return task_sets


def _machines(home: Path) -> Callable[[TargetKind], Machines]:
    from cicd.backends import MACHINES

    return lambda kind: MACHINES.get(kind)(home)


def routers_of(home: Path) -> list[RunningRouter]:
    """Give the load balancers that were ever started from a home."""
    from cicd.backends.traffic.running import running_routers

    return running_routers(home)


def engine_time() -> datetime | None:
    """Give the time of the Docker engine; raises ``Unavailable`` where none answers."""
    from cicd.backends.docker_images import engine_time as asked

    return asked()


def audit_log(home: Path) -> AuditLog:
    """Give the audit of a home; nothing is opened yet."""
    from cicd.store.audit_log import AuditLog

    return AuditLog(home)


def record_call(home: Path, call: Call) -> None:
    """Add a control call to the audit of a home; raises ``Unavailable`` where the disk cannot."""
    from cicd.observe.call import record

    audit_log(home).append(record(call, request_id=new_id(), event_id=new_id()))


def watcher() -> Watcher:
    """Give what looks at commands and URLs, and tells subscribers."""
    from cicd.backends.watcher import MachineWatcher

    return MachineWatcher()
