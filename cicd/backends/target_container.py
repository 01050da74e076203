"""A running container as an instance: its root is the container's, its scripts run in it."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from cicd.backends import (
    container_script,
    docker_engine,
    hook_process,
    hook_script,
    instance_paths,
)
from cicd.backends.container_root import ContainerRoot
from cicd.backends.docker_engine import Engine, Refused
from cicd.document.instances import AGENT_ROOT
from cicd.errors import CicdError, Unavailable
from cicd.ports import CancelToken, HookExit, HookFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.ports import HookRun, TargetSpec

_CLOCK_PATIENCE: Final = 10.0  # seconds


class ContainerTarget:
    """
    An instance that is a container of this machine's engine.

    Files are read and written through the root of its first process, as the agent inside would;
    hooks are run by the engine, as root, with the container's variables and the instance's.

    Args:
        spec: ``location`` is the container's name or id; ``variables`` reach every hook.

    """

    def __init__(self, spec: TargetSpec) -> None:
        """Look at nothing yet."""
        self.id = spec.id
        self._container = spec.location
        self._variables = dict(spec.variables)
        self._engine = Engine(docker_engine.endpoint())
        self._root = ContainerRoot(self._engine, self._container, self.id)
        self.agent_root = self.path(AGENT_ROOT)

    def check(self) -> None:
        """Take the container as it is now; raises ``Unavailable`` when it cannot be used."""
        self._root.open()
        place = self.path(AGENT_ROOT)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as reason:
            raise Unavailable(
                f"instance '{self.id}' cannot be used: {reason.strerror} - {AGENT_ROOT}",
                hint="the container's file system must be writable there, and have room",
            ) from reason

    def skew(self) -> timedelta:
        """Ask the container's own ``date``; one without it has this machine's clock."""
        said: list[str] = []
        try:
            script = container_script.start(
                self._engine,
                self._container,
                ("date", "-u", "+%s"),
                variables={},
                pipes=(self._pipe("out"), self._pipe("err")),
            )
        except (Refused, CicdError, OSError):
            return timedelta()  # what is wrong with it, its first event will say
        hook_process.follow(
            script,
            deadline=time.monotonic() + _CLOCK_PATIENCE,
            output=lambda stream, line: said.append(line) if stream == "stdout" else None,
            cancel=CancelToken(),
        )
        told = said[0].strip() if said else ""
        # It tells whole seconds.
        return timedelta(seconds=int(told) - int(time.time())) if told.isdigit() else timedelta()

    def path(self, inside: str) -> Path:
        """Say where an absolute path of the container can be reached."""
        return instance_paths.place_of(inside, self._root.place, self.id)

    def inside(self, path: Path) -> str:
        """Say how a hook names such a place."""
        return instance_paths.name_of(path, self._root.place)

    def run_hook(
        self, hook: HookRun, *, output: Callable[[str, str], None], cancel: CancelToken
    ) -> HookExit:
        """Run one script to its end, with ``/`` as its directory and no input."""
        deadline = time.monotonic() + hook.timeout.total_seconds()
        try:
            place = instance_paths.file_of(hook.script, self._root.place, self.id)
            refused = hook_script.refusal(hook, place, self._program_exists)
            if refused is None and not self._program_exists("/bin/sh"):
                refused = "Errno::ENOENT with message No such file or directory - /bin/sh"
            if refused is not None:
                return HookExit(failure=HookFailure.CANNOT_EXECUTE, message=refused)
            script = container_script.start(
                self._engine,
                self._container,
                hook_script.command_of(hook, place),
                variables={**self._variables, "CICD_INSTANCE_ROOT": "", **hook.variables},
                pipes=(self._pipe("out"), self._pipe("err")),
            )
        except (Refused, CicdError) as reason:
            return HookExit(failure=HookFailure.CANNOT_EXECUTE, message=reason.message)
        except OSError as reason:
            message = f"Errno::EIO with message {reason.strerror} - {hook.script}"
            return HookExit(failure=HookFailure.CANNOT_EXECUTE, message=message)
        return hook_process.follow(script, deadline=deadline, output=output, cancel=cancel)

    def terminate(self) -> None:
        """Stop the container: its processes are asked, and killed after ten seconds."""
        name = quote(self._container, safe="")
        try:
            self._engine.call("POST", f"/containers/{name}/stop", query={"t": "10"})
        except Refused as refused:
            if refused.status != 404:  # it has gone
                raise Unavailable(
                    f"container '{self._container}' cannot be stopped: {refused.message}",
                    hint=f"`docker stop {self._container}`",
                ) from None

    def _pipe(self, name: str) -> tuple[Path, str]:
        """Give a pipe's place: ours alone, so that two hooks may run at once."""
        inside = f"{AGENT_ROOT}/.{os.urandom(8).hex()}.{name}"
        return self.path(inside), inside

    def _program_exists(self, name: str) -> bool:
        return instance_paths.file_of(name, self._root.place, self.id).exists()
