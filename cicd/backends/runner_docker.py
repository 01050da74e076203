"""
The docker runner: one container a session, whose only process is the driver.

Measured: an exec for each command costs a tenth of a second, the driver a few milliseconds.
No log driver: the spool is our log, an order of magnitude faster and byte for byte.
The engine removes a container by itself once its driver has ended:
waiting for that, and for the network to be taken down, would double the time of an end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from cicd.backends import (
    docker_container,
    docker_engine,
    docker_images,
    docker_labels,
    docker_layers,
    docker_privileges,
    session_mounts,
)
from cicd.backends.docker_channel import DockerChannel
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.session_command import check_variables
from cicd.backends.session_directory import (
    SessionDirectory,
    SessionRecord,
    directory_name,
    places_of,
)
from cicd.backends.session_driver import DriverSession
from cicd.backends.session_errands import ErrandFiles
from cicd.backends.session_life import find_living, reap_sessions, whole_or_nothing
from cicd.event import JSON
from cicd.ports import Environment, MountMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


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
        if engine.remote:
            from cicd.backends.remote import limits

            limits.check(environment, engine.url)
        pull = None if self._offline else say or (lambda _: None)
        image = docker_images.find(engine, environment.image, environment.stands_for, pull)
        if image != environment.image:
            environment = replace(environment, image=image)
        record = SessionRecord(
            id=session_id,
            runner=self.name,
            stream=stream,
            places=places_of(session_id, environment.mounts),
            scratch=docker_container.SCRATCH,
            # From the first on: what is killed in the next moment is found by it, and ended.
            state={
                "container": _container(self._home, session_id),
                "image": environment.image,
                "memory": str(environment.memory or 0),
            },
        )
        directory = SessionDirectory.create(self._home, record)
        record = replace(
            record, places={**record.places, **_places_outside(environment, directory)}
        )
        directory.save(record)
        channel = DockerChannel(engine, directory)
        with whole_or_nothing(channel):
            self._start(engine, environment, record, directory, channel)
            if channel.ferry is not None:
                channel.ferry.follow()
                channel.ferry.load(
                    environment.mounts, record.places, self._home, say or (lambda _: None)
                )
        return _session(directory, channel)

    def attach(self, session_id: str) -> DriverSession | None:
        """See ``ports.Runner``."""

        def way(directory: SessionDirectory) -> DockerChannel:
            return DockerChannel(self._engine(), directory)

        found = find_living(self._home, session_id, self.name, way)
        return None if found is None else _session(*found)

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``. Containers whose directory is gone are found by their labels."""
        engine = self._engine()
        removed = reap_sessions(
            self._home, self.name, keep, lambda directory: DockerChannel(engine, directory)
        )
        ours = f"{docker_labels.HOME}={docker_labels.home_label(self._home)}"
        filters = f'{{"label":["{ours}","{docker_labels.SESSION}"]}}'
        listed = engine.call("GET", "/containers/json", query={"all": "1", "filters": filters})
        for container in cast("list[Mapping[str, Mapping[str, str]]]", listed):
            labels = container["Labels"]
            session = labels[docker_labels.SESSION]
            if session not in removed and not keep(labels[docker_labels.STREAM]):
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
        """Start the container; what the engine cannot do is done another way, if there is one."""
        label = docker_labels.home_label(self._home)
        attempt = _Attempt(
            environment=environment,
            views={} if engine.remote else self._views(environment, directory),
        )
        if environment.make_network:
            docker_container.make_network(engine, environment, label)
        while True:
            if not attempt.mounts:
                attempt.mounts = self._mounts(
                    engine, attempt.environment, record, directory, attempt.views
                )
            body = docker_container.body(
                attempt.environment, record, attempt.mounts, label, lacking=attempt.lacking
            )
            try:
                name = record.state["container"]
                docker_container.create(engine, name, body)
                if attempt.environment.layers and docker_layers.taken(
                    engine, attempt.environment.layers, self._home, name
                ):
                    docker_container.remove(engine, name)
                    attempt.without_layers()
                    continue
                if channel.ferry is not None:
                    channel.ferry.board()
                channel.connect()
                engine.call("POST", f"/containers/{name}/start")
            except Refused as refused:
                channel.end()
                if attempt.without(refused.message):
                    continue
                raise docker_container.not_started(environment, refused.message) from None
            channel.await_ready(environment)
            return

    def _mounts(
        self,
        engine: Engine,
        environment: Environment,
        record: SessionRecord,
        directory: SessionDirectory,
        views: Mapping[str, session_mounts.Overlay | None],
    ) -> list[JSON]:
        """Give all that is mounted; what is no view of its source is copied."""
        if engine.remote:  # which sees nothing of this machine
            return docker_privileges.mounts(environment, engine, self._home)
        mounts = [docker_container.bind(directory.io, docker_container.IO)]
        for mount in environment.mounts:
            mounts += docker_container.mounts_of(
                mount,
                record.places[mount.name],
                views.get(mount.name),
                directory.mounts / mount.name,
                self._home,
            )
        return mounts + docker_privileges.mounts(environment, engine, self._home)

    def _views(
        self, environment: Environment, directory: SessionDirectory
    ) -> dict[str, session_mounts.Overlay | None]:
        """Lay overlays out; an engine outside could not see into them."""
        return {
            mount.name: session_mounts.overlay(mount, directory.mounts / mount.name, self._home)
            for mount in environment.mounts
            if mount.mode is MountMode.COPY_ON_WRITE and environment.docker != "socket"
        }


@dataclass(kw_only=True)
class _Attempt:
    """One way of starting a container, and how it becomes a humbler one."""

    environment: Environment
    views: dict[str, session_mounts.Overlay | None]
    mounts: list[JSON] = field(default_factory=list)  # none yet
    lacking: bool = False

    def without_layers(self) -> None:
        """Begin without the layers, which another container has."""
        self.environment = replace(self.environment, layers="")
        self.mounts = docker_layers.without(self.mounts)

    def without(self, words: str) -> bool:
        """Do without what the engine has just refused; False if nothing can be spared."""
        if "mount" in words and any(self.views.values()):
            for view in filter(None, self.views.values()):
                session_mounts.remove(view)
            self.views, self.mounts = {}, []
        elif docker_privileges.REFUSED in words and not self.lacking:
            self.lacking = True
        elif "range of cpus" in words.casefold() and self.environment.cpus is not None:
            self.environment = replace(self.environment, cpus=None)
        else:
            return False
        return True


def _session(directory: SessionDirectory, channel: DockerChannel) -> DriverSession:
    return DriverSession(
        directory, channel, ErrandFiles, users=lambda _: None, ferry=channel.ferry
    )


def _places_outside(environment: Environment, directory: SessionDirectory) -> dict[str, str]:
    """
    Give the places that must be the same inside as outside.

    What a build mounts into containers of its own is looked up by the engine, on this machine.
    """
    if environment.docker != "socket":
        return {}
    return {
        mount.name: str(directory.mounts / mount.name / "copy")
        for mount in environment.mounts
        if mount.mode is MountMode.COPY_ON_WRITE
    }


def _container(home: Path, session_id: str) -> str:
    return f"cicd-{directory_name(session_id)}-{docker_labels.home_label(home)[:8]}"
