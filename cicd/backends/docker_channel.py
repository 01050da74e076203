"""The way to the driver of one container, and to its end."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from cicd.backends import docker_container
from cicd.backends.docker_engine import Refused
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.backends.docker_engine import Engine
    from cicd.backends.docker_stream import Stream
    from cicd.backends.remote.ferry import Ferry
    from cicd.backends.session_directory import SessionDirectory
    from cicd.event import JSON
    from cicd.ports import Environment

END = 1.0  # seconds that a driver may take to end when asked; then its container is killed


class DockerChannel:
    """The driver of one container, fed through the container's standard input."""

    def __init__(self, engine: Engine, directory: SessionDirectory) -> None:
        """Reach the container of this session's directory."""
        self.io = docker_container.IO
        self._engine = engine
        self._directory = directory
        self._state = directory.record().state
        self._path = f"/containers/{self._state['container']}"
        self.ferry = _ferry(engine, directory)
        self._stream: Stream | None = None
        self._lock = threading.Lock()

    def connect(self) -> None:
        """Attach to the container's input; raises ``Refused``."""
        self._stream = self._engine.attach(self._state["container"])

    def await_ready(self, environment: Environment) -> None:
        """Return once the driver reads requests; raises ``Unavailable`` when it has died."""
        stream = self._stream
        assert stream is not None
        pause = 0.0005
        ready = (self._directory.io / "ready").exists if self.ferry is None else self.ferry.ready
        while not ready():
            if stream.at_end():
                words = stream.words() or "it ended at once"
                raise docker_container.not_started(environment, words)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    def send(self, request: str) -> None:
        """See ``Channel``."""
        data = f"\n{request}\n".encode()  # what a dead process may have left of a line is ended
        with self._lock:
            if not self._connected():
                return
            assert self._stream is not None
            try:
                self._stream.send(data)
            except OSError:
                self._drop()
                if self._connected():
                    self._stream.send(data)

    def alive(self) -> bool:
        """See ``Channel``."""
        with self._lock:
            return self._connected()

    def end(self) -> None:
        """
        See ``Channel``.

        The death of the driver is that of its container, whose first process it is;
        to let it die is faster than to have it killed. The engine then removes the container.
        """
        with self._lock:
            if self._stream is not None:
                with suppress(OSError):
                    self._stream.send(b"\nend\n")
            gone = self._stream is not None and self._stream.at_end(END)
            self._drop()
            if not gone:
                docker_container.remove(self._engine, self._state["container"])

    def enter(self, command: Sequence[str]) -> int:
        """See ``Channel``."""
        from cicd.backends.docker_terminal import at_terminal

        root = docker_container.ROOT
        return at_terminal(self._engine, self._state["container"], command, user=root)

    def forget(self) -> None:
        """See ``Channel``."""
        if self._directory.root.exists():
            self._directory.remove(self._scrub)

    def post_mortem(self, since: float, status: int, *, dead: bool) -> str:
        """See ``Channel``. The engine remembers for a while what happened to its containers."""
        from cicd.backends.docker_post_mortem import post_mortem

        return post_mortem(self._engine, self._state, since, status, dead=dead)

    def _connected(self) -> bool:
        """Say whether the container runs, after connecting anew where that helps."""
        if self._stream is not None and not self._stream.at_end():
            return True
        self._drop()
        match self._engine.find(f"{self._path}/json"):
            case {"State": {"Running": True}}:
                try:
                    self.connect()
                except Refused:
                    return False  # it has just died
                return True
        return False

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _scrub(self) -> None:
        """Let a container's root remove what a container's root has left in our directory."""
        name = f"{self._state['container']}-scrub"
        body: JSON = {
            "Image": self._state["image"],
            "Entrypoint": ["sh", "-c", "rm -rf /scrub/*/*"],
            "User": docker_container.ROOT,
            "HostConfig": {"Mounts": [docker_container.bind(self._directory.root, "/scrub")]},
        }
        try:
            self._engine.call("POST", "/containers/create", body, query={"name": name})
        except Refused as refused:  # the image has gone, say
            raise Unavailable(
                f"what a container's root has left cannot be removed: {refused.message}",
                hint=f"sudo rm -rf {self._directory.root}",
            ) from None
        self._engine.call("POST", f"/containers/{name}/start")
        self._engine.call("POST", f"/containers/{name}/wait")
        docker_container.remove(self._engine, name)


def _ferry(engine: Engine, directory: SessionDirectory) -> Ferry | None:
    """Give what stands in for a directory of both machines, where there is none."""
    if not engine.remote:
        return None
    from cicd.backends.remote.ferry import Ferry

    return Ferry(engine, directory)
