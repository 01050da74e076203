"""
The host runner: commands run directly on this machine, as this user, without isolation.

Sources are still copy-on-write: overlay mounts for root on Linux, copies elsewhere.
A READ_ONLY mount is such a view too, since nothing else would hold a command back.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends import session_machine, session_mounts
from cicd.backends.session_command import check_variables
from cicd.backends.session_directory import SessionDirectory, SessionRecord, place_names
from cicd.backends.session_driver import DriverSession
from cicd.backends.session_files import MachineFiles
from cicd.backends.session_life import find_living, reap_sessions, whole_or_nothing
from cicd.backends.session_terminal import at_terminal, variables_of
from cicd.errors import Unavailable
from cicd.ports import MountMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.ports import Environment, Mount


class HostRunner:
    """A ``ports.Runner``. An environment's ``image`` stands for this machine, whatever it is."""

    name = "host"

    def __init__(self, home: Path) -> None:
        """Keep sessions below ``home/sessions``."""
        self._home = home.absolute()

    def check(self) -> None:
        """See ``ports.Runner``."""
        if os.name != "posix" or shutil.which("sh") is None:
            raise Unavailable("the host runner needs a POSIX shell, and this machine has none")

    def open(
        self,
        session_id: str,
        environment: Environment,
        *,
        stream: str,
        say: Callable[[str], None] | None = None,
    ) -> DriverSession:
        """See ``ports.Runner``."""
        del say  # it never takes long
        self.check()
        _check(environment)
        check_variables(environment.variables)
        session_mounts.check_sources(environment.mounts)
        record = SessionRecord(id=session_id, runner=self.name, stream=stream)
        directory = SessionDirectory.create(self._home, record)
        channel = HostChannel(directory)
        with whole_or_nothing(channel):
            places = self._places(session_id, environment, directory)
            scratch = directory.root / "scratch"
            scratch.mkdir(mode=0o700)
            directory.save(
                SessionRecord(
                    id=session_id,
                    runner=self.name,
                    stream=stream,
                    nonce=record.nonce,
                    places=places,
                    scratch=str(scratch),
                )
            )
            channel.start(environment, record.nonce)
        return self._session(directory, channel)

    def attach(self, session_id: str) -> DriverSession | None:
        """See ``ports.Runner``."""
        found = find_living(self._home, session_id, self.name, HostChannel)
        return None if found is None else self._session(*found)

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``."""
        return reap_sessions(self._home, self.name, keep, HostChannel)

    def _session(self, directory: SessionDirectory, channel: HostChannel) -> DriverSession:
        return DriverSession(directory, channel, lambda _: MachineFiles(), users=_check_user)

    def _places(
        self, session_id: str, environment: Environment, directory: SessionDirectory
    ) -> dict[str, str]:
        names = place_names(session_id, tuple(mount.name for mount in environment.mounts))
        places = {}
        for mount in environment.mounts:
            if mount.mode is MountMode.READ_WRITE:
                places[mount.name] = str(mount.source)
                continue
            place = Path(f"{directory.root}{names[mount.name]}")
            place.parent.mkdir(parents=True)
            self._view(mount, directory.mounts / mount.name, place)
            places[mount.name] = str(place)
        return places

    def _view(self, mount: Mount, directory: Path, place: Path) -> None:
        view = None
        if os.geteuid() == 0:
            view = session_mounts.overlay(mount, directory, self._home)
        if view is not None:
            place.mkdir()
            if all(map(_mounted, (view, *view.parts), repeat(place))):
                return
            _unmount(place)
            place.rmdir()
            session_mounts.remove(view)
        session_mounts.copy(mount, directory, self._home).rename(place)


class HostChannel:
    """The driver of a host session: a process group of this machine."""

    def __init__(self, directory: SessionDirectory) -> None:
        """Reach the driver of this session's directory."""
        self.io = str(directory.io)
        self._directory = directory
        self._pipe = session_machine.RequestPipe(directory.io / "requests")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Environment, nonce: str) -> None:
        """Start the driver; raises ``Unavailable`` when it does not come up."""
        self._pipe.create()
        variables = session_machine.inherited("HOME", "USER", "LOGNAME", "TMPDIR")
        trust = session_mounts.trust(environment.mounts, os.geteuid())
        io = str(self._directory.io)
        self._process = session_machine.start(
            self._directory,
            ("sh", f"{io}/driver.sh", io, nonce),
            {**variables, **trust, **environment.variables},
            where="host runner's driver",
        )
        (self._directory.root / session_machine.DRIVER).write_text(str(self._process.pid))

    def send(self, request: str) -> None:
        """See ``Channel``."""
        self._pipe.send(request)

    def alive(self) -> bool:
        """See ``Channel``."""
        return self._pipe.send("")

    def end(self) -> None:
        """See ``Channel``."""
        session_machine.kill(self._directory, alive=self.alive())
        if self._process is not None:
            self._process.wait()

    def post_mortem(self, since: float, status: int, *, dead: bool) -> str:
        """See ``Channel``. Nobody keeps account here."""
        del since, status, dead
        return ""

    def enter(self, command: Sequence[str]) -> int:
        """See ``Channel``."""
        pid = (self._directory.root / session_machine.DRIVER).read_text().strip()
        process = Path("/proc", pid)
        known = variables_of(process) if process.exists() else dict(os.environ)
        known[session_machine.MARK] = str(self._directory.root)
        return at_terminal(command, known)

    def forget(self) -> None:
        """See ``Channel``."""
        for place in self._directory.root.glob("codebuild/output/*/src"):
            _unmount(place)
        if self._directory.root.exists():
            self._directory.remove()


def _mounted(view: session_mounts.Overlay, place: Path) -> bool:
    command = ("mount", "-t", "overlay", "overlay", "-o", view.options(), str(place / view.name))
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _unmount(place: Path) -> None:
    """Take a view away, and the parts that are mounted on it."""
    if place.is_mount():
        # Lazily: a process that could not be killed must not keep the rest from going.
        command = ("umount", "--lazy", str(place))
        subprocess.run(command, check=True, capture_output=True)


def _check(environment: Environment) -> None:
    if environment.network not in (None, "host"):
        raise Unavailable(
            f"the host runner cannot give a build the network '{environment.network}'",
            hint="use `--runner docker`",
        )
    if environment.cpus is not None or environment.memory is not None:
        raise Unavailable(
            "the host runner cannot limit processors or memory", hint="use `--runner docker`"
        )
    for mount in environment.mounts:
        if mount.mode is MountMode.READ_WRITE and mount.hidden:
            raise Unavailable(
                f"the host runner cannot hide {', '.join(mount.hidden)} in '{mount.source}'",
                hint="use `--runner docker` or `--runner sandbox`",
            )


def _check_user(user: str | None) -> None:
    if user is not None and user != pwd.getpwuid(os.geteuid()).pw_name:
        raise Unavailable(
            f"the host runner runs commands as the user of cicd, not as '{user}'",
            hint="use `--runner docker`",
        )
