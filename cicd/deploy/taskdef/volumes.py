"""``volumes`` of a task definition, and where its containers mount them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.taskdef.no_effect import is_empty
from cicd.ports import TaskMount
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

_ELSEWHERE: Final = (
    *("efsVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"),
    "s3filesVolumeConfiguration",
)
_LOCAL_DRIVER: Final = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskVolume:
    """One of ``volumes``; without both it is of the task, empty at first, and ends with it."""

    host: str = ""  # a path of this machine
    shared: str = ""  # a volume of the engine's, which outlives tasks


def read_volumes(fields: Fields, problems: Problems) -> dict[str, TaskVolume]:
    """
    Read them by name; what is a file system of the cloud's is a volume of the task, and is said.

    Source: ECS API Reference, "Volume" and "DockerVolumeConfiguration".
    """
    found: dict[str, TaskVolume] = {}
    for item in fields.sequence("volumes"):
        volume = fields.inner(item, what="volume")
        name = volume.required_text("name")
        path = shared = ""
        host = volume.mapping("host")
        if host is not None:
            path = host.text("sourcePath")
            host.unknown()
            if path and (not path.startswith("/") or ":" in path):
                problems.error(
                    "deploy/task-volume",
                    f"the volume '{name}' is '{path}', which is no absolute path",
                    host.span("sourcePath"),
                    hint="write the whole path, which has no colon",
                )
        docker = volume.mapping("dockerVolumeConfiguration")
        if docker is not None:
            shared = name if docker.text("scope", default="task") == "shared" else ""
            driver = docker.text("driver", default=_LOCAL_DRIVER)
            for key in ("autoprovision", "driverOpts", "labels"):
                docker.node(key)
            if driver != _LOCAL_DRIVER or not is_empty(docker.node("driverOpts")):
                _elsewhere(name, f"the driver '{driver}' with its options", docker, problems)
            docker.unknown()
        for key in _ELSEWHERE:
            if not is_empty(volume.node(key)):
                _elsewhere(name, f"'{key}'", volume, problems)
        if volume.flag("configuredAtLaunch", default=False):
            _elsewhere(name, "what 'configuredAtLaunch' gives it", volume, problems)
        volume.unknown()
        found[name] = TaskVolume(host=path, shared=shared)
    return found


def _elsewhere(name: str, what: str, fields: Fields, problems: Problems) -> None:
    problems.warning(
        "deploy/task-volume",
        f"the volume '{name}' is empty at first: {what} is not on this machine",
        fields.span("name"),
        hint='write "host": {"sourcePath": "/a/directory"} to give it files of this machine',
    )


def read_mounts(
    fields: Fields, volumes: Mapping[str, TaskVolume], problems: Problems
) -> tuple[TaskMount, ...]:
    """Read ``mountPoints`` of a container; each names one of the task's volumes."""
    mounts = []
    for item in fields.sequence("mountPoints"):
        point = fields.inner(item, what="mount point")
        name, target = point.required_text("sourceVolume"), point.required_text("containerPath")
        read_only = point.flag("readOnly", default=False)
        point.unknown()
        volume = volumes.get(name)
        if volume is None:
            if name:
                problems.error(
                    "deploy/task-volume",
                    f"the task has no volume '{name}'",
                    point.span("sourceVolume"),
                    hint=f'write "volumes": [{{"name": "{name}"}}]',
                )
            continue
        of_task = "" if volume.host or volume.shared else name
        mounts.append(
            TaskMount(
                target=target,
                host=volume.host,
                shared=volume.shared,
                volume=of_task,
                read_only=read_only,
            )
        )
    return tuple(mounts)
