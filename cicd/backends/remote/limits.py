"""What an engine of another machine cannot do for a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.ports import MountMode

if TYPE_CHECKING:
    from cicd.ports import Environment


def check(environment: Environment, url: str) -> None:
    """Refuse what takes a directory that both machines see; raises ``Unavailable``."""
    for mount in environment.mounts:
        if mount.mode is MountMode.READ_WRITE:
            raise Unavailable(
                f"'{mount.source}' cannot be shared with the Docker engine at {url}, "
                "which is on another machine",
                hint="build without that file system, or on an engine of this machine",
            )
    if environment.docker == "socket":
        raise Unavailable(
            f"a build cannot use the Docker engine at {url} itself: "
            "paths of the build mean nothing on that machine",
            hint='set docker = "nested" (or CICD_DOCKER=nested) for an engine of the build\'s own',
        )
