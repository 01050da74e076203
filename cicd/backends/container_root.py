"""The root of a running container's file system, held open so that it stays that container's."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from cicd.backends.docker_engine import Engine, Refused
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON


class ContainerRoot:
    """
    A place that is a container's root after each ``open``, and no place before and without.

    A process number may be another's a moment later; an open directory stays what it was.
    """

    def __init__(self, engine: Engine, container: str, instance: str) -> None:
        """Look at nothing yet."""
        self._engine = engine
        self._container = container
        self._instance = instance
        self._number = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        # Not /proc/self: a program of ours is to find it, too.
        self.place = Path(f"/proc/{os.getpid()}/fd/{self._number}")
        weakref.finalize(self, os.close, self._number)

    def open(self) -> None:
        """Take the root of the container as it runs now; raises ``Unavailable``."""
        self._become(os.devnull)
        process = self._process()
        found = f"/proc/{process}/root"
        try:
            ours, theirs = Path("/").stat(), Path(found).stat()
            # With an engine on another machine the number is somebody else's here.
            if (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino):
                raise self._out_of_reach()
            self._become(found)
        except OSError as reason:
            raise self._out_of_reach() from reason
        if self._process() != process:
            self._become(os.devnull)
            raise Unavailable(
                f"container '{self._container}' was started anew meanwhile",
                hint="deploy again once it stays up",
            )

    def _become(self, path: str) -> None:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.dup2(opened, self._number, inheritable=False)
        os.close(opened)

    def _process(self) -> int:
        """Give the number of the container's first process, or say why there is none."""
        try:
            found = self._engine.find(f"/containers/{quote(self._container, safe='')}/json")
        except Refused as refused:
            raise Unavailable(
                f"container '{self._container}' cannot be looked at: {refused.message}"
            ) from None
        if found is None:
            raise Unavailable(
                f"instance '{self._instance}' is gone: there is no container '{self._container}'",
                hint="see `docker ps --all`; `cicd fleet up` makes containers",
            )
        state = cast("Mapping[str, JSON]", found["State"])
        if state.get("Paused"):
            raise Unavailable(
                f"container '{self._container}' is paused",
                hint=f"`docker unpause {self._container}`",
            )
        if not state.get("Running"):
            raise Unavailable(
                f"container '{self._container}' does not run: {state.get('Status')}",
                hint=f"`docker start {self._container}`",
            )
        return int(str(state["Pid"]))

    def _out_of_reach(self) -> Unavailable:
        return Unavailable(
            f"the files of container '{self._container}' cannot be reached",
            hint="be root on the machine whose engine runs it; a virtual machine's engine, such "
            "as Docker Desktop's, keeps them to itself",
        )


def poke(pipe: Path) -> None:
    """End the wait of a named pipe's reader that nobody ever wrote to."""
    with suppress(OSError):
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
