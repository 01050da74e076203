"""
The docker runner: one container a session, whose only process is the driver.

Measured: an exec for each command costs a tenth of a second, the driver a few milliseconds.
No log driver: the spool is our log, an order of magnitude faster and byte for byte.
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from cicd.backends import docker_engine, session_mounts
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.session_command import check_variables
from cicd.backends.session_directory import SessionDirectory, SessionRecord, place_names
from cicd.backends.session_driver import DriverSession
from cicd.backends.session_errands import ErrandFiles
from cicd.errors import Unavailable
from cicd.ports import MountMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.event import JSON
    from cicd.ports import Environment, Mount

IO = "/codebuild/session"
SCRATCH = "/codebuild/scratch"
ROOT = "0:0"  # whatever USER an image names, as CodeBuild does
SESSION, STREAM, HOME = "cicd.session", "cicd.stream", "cicd.home"  # labels


class DockerRunner:
    """A ``ports.Runner`` on this machine's Docker engine."""

    name = "docker"

    def __init__(
        self, home: Path, *, progress: Callable[[str], None] | None = None, offline: bool = False
    ) -> None:
        """
        Keep sessions below ``home/sessions``.

        Args:
            home: The state directory.
            progress: Gets the lines of a pull.
            offline: Never pull.
        """
        self._home = home.absolute()
        self._progress = progress or (lambda _: None)
        self._offline = offline

    def check(self) -> None:
        """See ``ports.Runner``."""
        self._engine().ping()

    def open(self, session_id: str, environment: Environment, *, stream: str) -> DriverSession:
        """See ``ports.Runner``."""
        check_variables(environment.variables)
        session_mounts.check_sources(environment.mounts)
        engine = self._engine()
        _find_image(engine, environment.image, None if self._offline else self._progress)
        record = SessionRecord(
            id=session_id,
            runner=self.name,
            stream=stream,
            places=place_names(session_id, tuple(m.name for m in environment.mounts)),
            scratch=SCRATCH,
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
        directory = SessionDirectory.find(self._home, session_id)
        if directory is None or directory.record().runner != self.name:
            return None
        channel = DockerChannel(self._engine(), directory)
        return _session(directory, channel) if channel.alive() else None

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``. Containers whose directory is gone are found by their labels."""
        engine = self._engine()
        removed = []
        for directory in SessionDirectory.all(self._home):
            record = directory.record()
            if record.runner == self.name and not keep(record.stream):
                channel = DockerChannel(engine, directory)
                channel.end()
                channel.forget()
                removed.append(record.id)
        filters = f'{{"label":["{HOME}={_home_label(self._home)}"]}}'
        listed = engine.call("GET", "/containers/json", query={"all": "1", "filters": filters})
        for container in cast("list[Mapping[str, Mapping[str, str]]]", listed):
            labels = container["Labels"]
            if not keep(labels[STREAM]):
                _remove(engine, cast("str", container["Id"]))
                removed.append(labels[SESSION])
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
            mounts = [_bind(directory.io, IO)]
            for mount in environment.mounts:
                view = views.get(mount.name)
                own = directory.mounts / mount.name
                mounts += _mounts(mount, record.places[mount.name], view, own, self._home)
            body = _body(environment, record, mounts, _home_label(self._home))
            try:
                name = record.state["container"]
                engine.call("POST", "/containers/create", body, query={"name": name})
                channel.connect()
                engine.call("POST", f"/containers/{name}/start")
            except Refused as refused:
                channel.end()
                if "mount" in refused.message and any(views.values()):
                    for view in filter(None, views.values()):
                        session_mounts.remove(view)
                    views = {}
                    continue
                raise _not_started(environment, refused) from None
            return


class DockerChannel:
    """The driver of one container, fed through the container's standard input."""

    def __init__(self, engine: Engine, directory: SessionDirectory) -> None:
        """Reach the container of this session's directory."""
        self._engine = engine
        self._directory = directory
        self._state = directory.record().state
        self._path = f"/containers/{self._state['container']}"
        self._stream: socket.socket | None = None
        self._lock = threading.Lock()

    def connect(self) -> None:
        """Attach to the container's input; raises ``Refused``."""
        self._stream = self._engine.attach(self._state["container"])

    def send(self, request: str) -> None:
        """See ``Channel``."""
        with self._lock:
            if not self._connected():
                return
            assert self._stream is not None
            try:
                # What a dead process may have left of a line is ended first.
                self._stream.sendall(f"\n{request}\n".encode())
            except OSError:
                self._drop()
                if self._connected():
                    self._stream.sendall(f"\n{request}\n".encode())

    def alive(self) -> bool:
        """See ``Channel``."""
        with self._lock:
            return self._connected()

    def end(self) -> None:
        """See ``Channel``. Removes the container and its volumes as well: that is one call."""
        with self._lock:
            self._drop()
            _remove(self._engine, self._state["container"])

    def forget(self) -> None:
        """See ``Channel``."""
        if self._directory.root.exists():
            self._directory.remove(self._scrub)

    def _connected(self) -> bool:
        """Say whether the container runs, after connecting anew where that helps."""
        if self._stream is not None and not docker_engine.at_end(self._stream):
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
            "User": ROOT,
            "HostConfig": {"Mounts": [_bind(self._directory.root, "/scrub")]},
        }
        self._engine.call("POST", "/containers/create", body, query={"name": name})
        self._engine.call("POST", f"/containers/{name}/start")
        self._engine.call("POST", f"/containers/{name}/wait")
        _remove(self._engine, name)


def _session(directory: SessionDirectory, channel: DockerChannel) -> DriverSession:
    return DriverSession(directory, channel, ErrandFiles, users=lambda _: None)


def _container(home: Path, directory: SessionDirectory) -> str:
    return f"cicd-{directory.root.name}-{_home_label(home)[:8]}"


def _home_label(home: Path) -> str:
    return sha256(os.fsencode(home)).hexdigest()[:16]


def _find_image(engine: Engine, image: str, progress: Callable[[str], None] | None) -> None:
    """Raise ``Unavailable`` unless the image is here, or could be pulled (``progress`` given)."""
    if not image:
        raise Unavailable("the docker runner needs an image", hint="name one with `--image`")
    found = engine.find(f"/images/{quote(image, safe='/:@')}/json")
    if found is not None:
        if found.get("Os") == "windows":
            raise Unavailable(f"image '{image}' is for Windows", hint="only Linux images run here")
        return
    if image.startswith("aws/codebuild/"):
        raise Unavailable(
            f"image '{image}' exists only inside CodeBuild: no registry has it by that name",
            hint="say what stands in for it: in cicd.yml, `local: {images: "
            f'{{"{image}": "python:3.12-slim"}}}}`, or `--image NAME`',
        )
    if progress is None:
        raise Unavailable(
            f"image '{image}' is not on this machine",
            hint=f"`docker pull {image}`, or choose another with `--image`",
        )
    from cicd.backends import docker_client

    docker_client.pull(engine.url, image, progress)


def _bind(source: Path, target: str, *, read_only: bool = False) -> JSON:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only}


def _mounts(
    mount: Mount, place: str, view: session_mounts.Overlay | None, own: Path, home: Path
) -> list[JSON]:
    if view is not None:
        options = {"type": "overlay", "device": "overlay", "o": view.options()}
        driver: JSON = {"Name": "local", "Options": options}
        volume: JSON = {"NoCopy": True, "DriverConfig": driver}
        return [{"Type": "volume", "Target": place, "VolumeOptions": volume}]
    if mount.mode is MountMode.COPY_ON_WRITE:
        return [_bind(session_mounts.copy(mount, own, home), place)]
    read_only = mount.mode is MountMode.READ_ONLY
    covers = session_mounts.covers(mount, own)
    return [
        _bind(mount.source, place, read_only=read_only),
        *(_bind(cover, f"{place}/{name}", read_only=True) for name, cover in covers.items()),
    ]


def _body(environment: Environment, record: SessionRecord, mounts: list[JSON], home: str) -> JSON:
    variables = {"HOME": "/root", **environment.variables}
    host: dict[str, JSON] = {
        "Init": True,  # or a stop takes ten seconds and zombies stay
        "LogConfig": {"Type": "none"},
        "Mounts": mounts,
        "Privileged": environment.privileged,
        "SecurityOpt": ["label=disable"],  # SELinux would refuse the mounted directories
    }
    if environment.network is not None:
        host["NetworkMode"] = environment.network
    if environment.cpus is not None:
        host["NanoCpus"] = round(environment.cpus * 1_000_000_000)
    if environment.memory is not None:
        host |= {"Memory": environment.memory, "MemorySwap": environment.memory}
    return {
        "Image": environment.image,
        "Entrypoint": ["sh", f"{IO}/driver.sh", IO, record.nonce],
        "Cmd": [],
        "User": ROOT,
        "WorkingDir": SCRATCH,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": False,  # whoever attaches after us finds it open
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {SESSION: record.id, STREAM: record.stream, HOME: home},
        "HostConfig": host,
    }


def _not_started(environment: Environment, refused: Refused) -> Unavailable:
    if 'exec: "sh"' in refused.message:
        return Unavailable(
            f"image '{environment.image}' has no 'sh'",
            hint="CodeBuild needs a shell in the image: choose another with `--image`",
        )
    return Unavailable(
        f"a container of image '{environment.image}' did not start: {refused.message}"
    )


def _remove(engine: Engine, container: str) -> None:
    try:
        engine.call("DELETE", f"/containers/{container}", query={"force": "1", "v": "1"})
    except Refused as refused:
        if refused.status not in (404, 409):  # gone, or just going
            raise Unavailable(
                f"container '{container}' cannot be removed: {refused.message}",
                hint=f"`docker rm --force --volumes {container}`",
            ) from None
