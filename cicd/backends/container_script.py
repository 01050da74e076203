"""A script that runs in a container: started by the engine, heard through two named pipes."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from io import FileIO
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from cicd.backends.container_root import poke
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.hook_process import signal_group
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cicd.event import JSON

# The engine mixes both outputs and hides which one is still open: the script gets pipes instead.
_FRAME: Final = 'o=$1 e=$2; shift 2; exec "$@" </dev/null >"$o" 2>"$e"'


class ContainerScript:
    """A process that the engine started in a container, as the leader of its group."""

    def __init__(self, engine: Engine, exec_id: str, pipes: tuple[Path, Path]) -> None:
        """Take up one that ``start`` has started."""
        self._engine = engine
        self._id = exec_id
        self._pipes = pipes
        self._group = 0
        self.stdout, self.stderr = (
            FileIO(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)) for pipe in pipes
        )

    def start(self) -> None:
        """Start it; raises ``Refused``."""
        try:
            self._engine.call("POST", f"/exec/{self._id}/start", {"Detach": True, "Tty": False})
            self._group = int(str(self._look().get("Pid") or 0))
        except BaseException:
            self.stdout.close()
            self.stderr.close()
            self._forget_pipes()
            raise

    def wait(self) -> int:
        """Wait for its end and give its status; a container that died under it is a signal's."""
        status = self._wait()
        for pipe in self._pipes:
            poke(pipe)  # of a script that ended before it had opened them
        self._forget_pipes()
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its group."""
        if self._group:
            signal_group(self._group, number)

    def _wait(self) -> int:
        with suppress(OSError):
            process = os.pidfd_open(self._group)
            try:
                select.select([process], [], [])
            finally:
                os.close(process)
        while True:
            try:
                seen = self._look()
            except (Refused, Unavailable):
                return -signal.SIGKILL  # the container has gone, and the engine's memory with it
            if not seen.get("Running"):
                # 128 and a number may be the word of the script as well as of a signal.
                return int(str(seen.get("ExitCode") or 0))
            select.select([], [], [], 0.01)

    def _look(self) -> Mapping[str, JSON]:
        return cast("Mapping[str, JSON]", self._engine.call("GET", f"/exec/{self._id}/json"))

    def _forget_pipes(self) -> None:
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.unlink()


def start(
    engine: Engine,
    container: str,
    command: Sequence[str],
    *,
    variables: Mapping[str, str],
    pipes: tuple[tuple[Path, str], tuple[Path, str]],
) -> ContainerScript:
    """
    Start a command in a container, as root and at ``/``; the container's own variables stay.

    Args:
        engine: Whose container.
        container: Its name.
        command: The program and its arguments.
        variables: Beside the container's own.
        pipes: For both outputs, where to make a pipe: here, and by the container's name for it.

    Raises:
        Refused: The engine would not: the container is paused, say, or has no shell.
        OSError: The pipes cannot be made.

    """
    (out, out_inside), (err, err_inside) = pipes
    os.mkfifo(out)
    os.mkfifo(err)
    made = cast(
        "Mapping[str, JSON]",
        engine.call(
            "POST",
            f"/containers/{quote(container, safe='')}/exec",
            {
                "Cmd": ["/bin/sh", "-c", _FRAME, "sh", out_inside, err_inside, *command],
                "Env": [f"{name}={value}" for name, value in variables.items()],
                "User": "0",
                "WorkingDir": "/",
            },
        ),
    )
    script = ContainerScript(engine, str(made["Id"]), (out, err))
    script.start()
    return script
