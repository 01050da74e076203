"""What this machine and others can do: runners, targets, buckets, routers, engines."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from cicd.backends.head_start import HeadStart
    from cicd.backends.traffic.running import RunningRouter
    from cicd.ports import (
        Bucket,
        Clock,
        HttpAnswer,
        HttpCall,
        InstanceTarget,
        LocalImage,
        Machines,
        RouterSpec,
        Runner,
        Source,
        TaggedInstance,
        TargetKind,
        TargetSpec,
        TaskSets,
        TrafficRouter,
        Watcher,
    )


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


def clock(speed: float) -> Clock:
    """Give the time of the world, as it is or faster."""
    from cicd.engine.clock import ScaledClock, SystemClock

    return SystemClock() if speed == 1 else ScaledClock(speed)


def commits(path: Path) -> Source:
    """Give what is committed in a git repository."""
    from cicd.backends.source_git import GitSource

    return GitSource(path)


def working_tree(path: Path) -> Source:
    """Give a directory as it stands."""
    from cicd.backends.source_directory import DirectorySource

    return DirectorySource(path)


def target(spec: TargetSpec) -> InstanceTarget:
    """Give an instance of a deployment."""
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


def bucket(place: str) -> Bucket:
    """Give a bucket by its place: a folder, or a URL."""
    if "://" in place:
        from cicd.backends.bucket_url import UrlBucket

        return UrlBucket(place)
    from cicd.backends.bucket_folder import FolderBucket

    return FolderBucket(place)


def http(call: HttpCall, into: Path | None = None) -> HttpAnswer:
    """Ask a server that speaks HTTP."""
    from cicd.backends.http_calls import call_http

    return call_http(call, into)


def image(name: str) -> LocalImage | None:
    """Look an image of this machine's engine up."""
    from cicd.backends.docker_images import local_image

    return local_image(name)


def routers(home: Path) -> Callable[[RouterSpec], TrafficRouter]:
    """Give a function from what a router is to be to the one router that is it."""
    from cicd.backends import TRAFFIC_ROUTERS

    return cache(lambda spec: TRAFFIC_ROUTERS.get(spec.kind)(home, spec))


def task_sets(home: Path) -> Callable[[], TaskSets]:
    """Give what runs the tasks of services; loaded when first asked for."""

    def made() -> TaskSets:
        from cicd.backends.services.containers import ContainerTaskSets

        return ContainerTaskSets(home)

    return made


def machines(home: Path) -> Callable[[TargetKind], Machines]:
    """Give what makes the members of fleets, by their kind."""
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


def watcher() -> Watcher:
    """Give what looks at commands and URLs, and tells subscribers."""
    from cicd.backends.watcher import MachineWatcher

    return MachineWatcher()
