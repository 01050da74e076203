"""
The docker runner: one container a session, whose only process is the driver.

Measured: an exec for each command costs a tenth of a second, the driver a few milliseconds.
No log driver: the spool is our log, an order of magnitude faster and byte for byte.
The engine removes a container by itself once its driver has ended:
waiting for that, and for the network to be taken down, would double the time of an end.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from cicd.backends import docker_container, docker_engine, docker_images, session_mounts
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.session_command import check_variables
from cicd.backends.session_directory import SessionDirectory, SessionRecord, place_names
from cicd.backends.session_driver import DriverSession
from cicd.backends.session_errands import ErrandFiles
from cicd.backends.session_reaping import reap_sessions
from cicd.ports import MountMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cicd.backends.docker_stream import Stream
    from cicd.event import JSON
    from cicd.ports import Environment


END = 1.0  # seconds that a driver may take to end when asked; then its container is killed


class DockerRunner:
    """A ``ports.Runner`` on this machine's Docker engine."""

    name = "docker"

    def __init__(self, home: Path, *, offline: bool = False) -> None:
        """Keep sessions below ``home/sessions``; ``offline``: never pull."""
        self._home = home.absolute()
        self._offline = offline

    def check(self) -> None:
        """See ``ports.Runner``."""
        self._engine().ping()

    def open(
        self,
        session_id: str,
        environment: Environment,
        *,
        stream: str,
        say: Callable[[str], None] | None = None,
    ) -> DriverSession:
        """See ``ports.Runner``."""
        check_variables(environment.variables)
        session_mounts.check_sources(environment.mounts)
        engine = self._engine()
        pull = None if self._offline else say or (lambda _: None)
        image = docker_images.find(engine, environment.image, environment.stands_for, pull)
        if image != environment.image:
            environment = replace(environment, image=image)
        record = SessionRecord(
            id=session_id,
            runner=self.name,
            stream=stream,
            places=place_names(session_id, tuple(m.name for m in environment.mounts)),
            scratch=docker_container.SCRATCH,
        )
        directory = SessionDirectory.create(self._home, record)
        name = _container(self._home, directory)
        record = replace(record, state={"container": name, "image": environment.image})
        directory.save(record)
        channel = DockerChannel(engine, directory)
        try:
            self._start(engine, environment, record, directory, channel)
        except BaseException:  # whatever it was, nothing of it may stay
            channel.end()
            channel.forget()
            raise
        return _session(directory, channel)

    def attach(self, session_id: str) -> DriverSession | None:
        """See ``ports.Runner``."""
        directory = SessionDirectory.find(self._home, session_id, self.name)
        if directory is None:
            return None
        channel = DockerChannel(self._engine(), directory)
        return _session(directory, channel) if channel.alive() else None

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``. Containers whose directory is gone are found by their labels."""
        engine = self._engine()
        removed = reap_sessions(
            self._home, self.name, keep, lambda directory: DockerChannel(engine, directory)
        )
        filters = f'{{"label":["{docker_container.HOME}={_home_label(self._home)}"]}}'
        listed = engine.call("GET", "/containers/json", query={"all": "1", "filters": filters})
        for container in cast("list[Mapping[str, Mapping[str, str]]]", listed):
            labels = container["Labels"]
            session = labels[docker_container.SESSION]
            if session not in removed and not keep(labels[docker_container.STREAM]):
                docker_container.remove(engine, cast("str", container["Id"]))
                removed.append(session)
        return removed

    def _engine(self) -> Engine:
        return Engine(docker_engine.endpoint())

    def _start(
        self,
        engine: Engine,
        environment: Environment,
        record: SessionRecord,
        directory: SessionDirectory,
        channel: DockerChannel,
    ) -> None:
        """Start the container: with overlay volumes if the engine can, else with copies."""
        views = {
            mount.name: session_mounts.overlay(mount, directory.mounts / mount.name, self._home)
            for mount in environment.mounts
            if mount.mode is MountMode.COPY_ON_WRITE
        }
        while True:
            mounts = [docker_container.bind(directory.io, docker_container.IO)]
            for mount in environment.mounts:
                view = views.get(mount.name)
                own = directory.mounts / mount.name
                mounts += docker_container.mounts_of(
                    mount, record.places[mount.name], view, own, self._home
                )
            body = docker_container.body(environment, record, mounts, _home_label(self._home))
            try:
                name = record.state["container"]
                docker_container.create(engine, name, body)
                channel.connect()
                engine.call("POST", f"/containers/{name}/start")
            except Refused as refused:
                channel.end()
                if "mount" in refused.message and any(views.values()):
                    for view in filter(None, views.values()):
                        session_mounts.remove(view)
                    views = {}
                    continue
                raise docker_container.not_started(environment, refused.message) from None
            channel.await_ready(environment)
            return


class DockerChannel:
    """The driver of one container, fed through the container's standard input."""

    def __init__(self, engine: Engine, directory: SessionDirectory) -> None:
        """Reach the container of this session's directory."""
        self._engine = engine
        self._directory = directory
        self._state = directory.record().state
        self._path = f"/containers/{self._state['container']}"
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
        while not (self._directory.io / "ready").exists():
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

    def forget(self) -> None:
        """See ``Channel``."""
        if self._directory.root.exists():
            self._directory.remove(self._scrub)

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
        self._engine.call("POST", "/containers/create", body, query={"name": name})
        self._engine.call("POST", f"/containers/{name}/start")
        self._engine.call("POST", f"/containers/{name}/wait")
        docker_container.remove(self._engine, name)


def _session(directory: SessionDirectory, channel: DockerChannel) -> DriverSession:
    return DriverSession(directory, channel, ErrandFiles, users=lambda _: None)


def _container(home: Path, directory: SessionDirectory) -> str:
    return f"cicd-{directory.root.name}-{_home_label(home)[:8]}"


def _home_label(home: Path) -> str:
    return sha256(os.fsencode(home)).hexdigest()[:16]
