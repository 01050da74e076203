"""A container of this machine's engine as the place of an instance."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from cicd.backends import docker_container
from cicd.backends.docker_engine import Refused
from cicd.backends.docker_labels import FUNCTION, HOME
from cicd.backends.functions.memory import resident_megabytes
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.backends.docker_engine import Engine
    from cicd.event import JSON
    from cicd.temporary import Temporary

TASK_ROOT: Final = Path("/var/task")
PRIVATE: Final = Path("/tmp")  # noqa: S108 - the container's own
PATH: Final = "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin"
"""Source: Lambda Developer Guide, "Defined runtime environment variables"."""
RUNTIMES: Final = Path("/var/cicd/runtimes")
PLACE: Final = "cicd.place"
_IO: Final = Path("/var/cicd/io")
_CHANNEL, _OUTPUT = "channel", "output"
_HERE: Final = Path(__file__).parent
_BEGINNING: Final = 60.0  # seconds that a cold engine may take until the runtime speaks
_SIGNALS: Final = 128  # a status above it is a signal, as a shell tells it
_WRAPPER: Final = f'exec "$@" >{_IO / _OUTPUT} 2>&1 </dev/null'


class ContainerPlace:
    """
    A container with the network of this machine, reached through a socket in a directory of both.

    Its memory is limited by the engine, and what the handler prints comes through a named pipe.
    When we die the runtime inside meets the end of its socket, and ends.
    """

    def __init__(
        self,
        engine: Engine,
        image: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        code: Path,
        private: Temporary,
        memory_size: int,
        labels: Mapping[str, str],
    ) -> None:
        """
        Start it, and wait until its runtime speaks to us.

        Args:
            engine: Of this machine, as directories are shared with it.
            image: That is there.
            command: What runs the handler; the path of its socket becomes the last word.
            environment: All of it.
            code: The unpacked code; the container sees it in ``TASK_ROOT``, and cannot change it.
            private: A directory of its own, removed when it ends.
            memory_size: MB that it may use.
            labels: By which it is found again.

        Raises:
            Unavailable: The engine refuses, or the image has no such runtime.

        """
        self._engine = engine
        self._image = image
        self._private = private
        self._pid = 0
        self._id = ""
        own = private.path
        for part in ("io", "tmp"):
            (own / part).mkdir()
            (own / part).chmod(0o777)  # whoever the container's user is; ours alone around it
        self.output = _pipe(own / "io" / _OUTPUT)
        try:
            with _listener(own / "io" / _CHANNEL) as listener:
                body = self._body(command, environment, code, memory_size, labels)
                self._start(body, own.name)
                self.channel = self._accept(listener)
        except BaseException:
            os.close(self.output)
            self.close()
            raise

    def memory(self) -> float:
        """See ``Place``."""
        return resident_megabytes(self._pid) if self._pid else 0.0

    def kill(self) -> None:
        """See ``Place``."""
        try:
            self._engine.call("POST", f"/containers/{self._id}/kill")
        except (Refused, Unavailable):
            return  # it has ended; an engine that is gone took it along, or ``doctor`` finds it

    def exit_status(self) -> int | None:
        """See ``Place``."""
        try:
            ended = self._engine.call("POST", f"/containers/{self._id}/wait")
        except (Refused, Unavailable):
            return None
        status = int(cast("int", cast("Mapping[str, JSON]", ended)["StatusCode"]))
        return _SIGNALS - status if status > _SIGNALS else status

    def out_of_memory(self) -> bool:
        """See ``Place``."""
        return bool(self._state().get("OOMKilled"))

    def close(self) -> None:
        """See ``Place``."""
        if self._id:
            docker_container.remove(self._engine, self._id)
        self._private.remove()

    def _body(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        code: Path,
        memory_size: int,
        labels: Mapping[str, str],
    ) -> JSON:
        limit = memory_size * 2**20
        mounts = [
            docker_container.bind(code, str(TASK_ROOT), read_only=True),
            docker_container.bind(_HERE, str(RUNTIMES), read_only=True),
            docker_container.bind(self._private.path / "io", str(_IO)),
            docker_container.bind(self._private.path / "tmp", str(PRIVATE)),
        ]
        return {
            "Image": self._image,
            "Entrypoint": ["sh", "-c", _WRAPPER, "sh"],
            "Cmd": [*command, str(_IO / _CHANNEL)],
            "User": f"{os.getuid()}:{os.getgid()}",
            "WorkingDir": str(TASK_ROOT),
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Healthcheck": {"Test": ["NONE"]},
            "Labels": dict(labels),
            "HostConfig": {
                "Init": True,
                "NetworkMode": "host",  # AWS's calls are answered on its loopback
                "LogConfig": {"Type": "none"},
                "Memory": limit,
                "MemorySwap": limit,
                "CapDrop": ["ALL"],
                "ReadonlyRootfs": True,  # but for /tmp, as in the cloud
                "Mounts": cast("JSON", mounts),
            },
        }

    def _start(self, body: JSON, name: str) -> None:
        try:
            made = self._engine.call("POST", "/containers/create", body, query={"name": name})
            self._id = str(cast("Mapping[str, JSON]", made)["Id"])
            self._engine.call("POST", f"/containers/{self._id}/start")
        except Refused as refused:
            raise self._not_started(refused.message) from None

    def _accept(self, listener: socket.socket) -> socket.socket:
        """Wait for the runtime's call; raises ``Unavailable`` when its container has died."""
        until = time.monotonic() + _BEGINNING
        listener.settimeout(0.1)
        while True:
            try:
                channel, _ = listener.accept()
            except TimeoutError:
                state = self._state()
                if state.get("Running") and time.monotonic() < until:
                    continue
                words = _words(self.output) or str(state.get("Error") or "it said nothing")
                raise self._not_started(words) from None
            channel.settimeout(0)
            self._pid = int(cast("int", self._state().get("Pid") or 0))
            return channel

    def _state(self) -> Mapping[str, JSON]:
        found = self._engine.find(f"/containers/{self._id}/json") or {}
        return cast("Mapping[str, JSON]", found.get("State") or {})

    def _not_started(self, words: str) -> Unavailable:
        return Unavailable(
            f"no instance of the function started in the image '{self._image}': {words}",
            hint="the image needs sh and the function's runtime: name another with --image, or "
            "with 'cicd images set RUNTIME IMAGE'",
        )


def labels_of(home: str, name: str, private: Path) -> dict[str, str]:
    """Give the labels of an instance: whose home, which function, and where it is held."""
    return {HOME: home, FUNCTION: name, PLACE: str(private)}


def _pipe(path: Path) -> int:
    """Make a named pipe, and read from it; it is written to as well, so it has no end."""
    os.mkfifo(path)
    path.chmod(0o666)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def _listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
    except OSError as problem:
        listener.close()
        raise Unavailable(
            f"there is no socket at {path}: {problem}", hint="set TMPDIR to a shorter path"
        ) from None
    path.chmod(0o666)
    listener.listen(1)
    return listener


def _words(output: int) -> str:
    try:
        said = os.read(output, 4096)
    except BlockingIOError:
        return ""
    return said.decode("utf-8", "replace").strip().rpartition("\n")[2]
