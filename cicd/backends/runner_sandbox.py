"""
The sandbox runner: bubblewrap, this machine's own tools read-only, everything else private.

There is no daemon and no image: an environment's ``image`` stands for this machine.
The session is a process tree in namespaces of its own, with the network shared;
overlays are mounted in a mount namespace around it, so that nothing stays mounted after it.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cicd.backends import sandbox_command, session_machine, session_mounts
from cicd.backends.session_command import check_variables
from cicd.backends.session_directory import SessionDirectory, SessionRecord, places_of
from cicd.backends.session_driver import DriverSession
from cicd.backends.session_errands import ErrandFiles
from cicd.backends.session_life import find_living, reap_sessions, whole_or_nothing
from cicd.backends.session_terminal import at_terminal, variables_of
from cicd.errors import Unavailable
from cicd.ports import MountMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.ports import Environment

END = 5.0  # seconds for the kernel to take a killed session apart


class SandboxRunner:
    """A ``ports.Runner`` for Linux with bubblewrap, as root or as anyone."""

    name = "sandbox"

    def __init__(self, home: Path) -> None:
        """Keep sessions below ``home/sessions``."""
        self._home = home.absolute()

    def check(self) -> None:
        """See ``ports.Runner``."""
        if shutil.which("bwrap") is None:
            raise Unavailable(
                "the sandbox runner needs bubblewrap, and there is no 'bwrap' on PATH",
                hint="install the package bubblewrap, or use `--runner docker`",
            )
        command = ["bwrap", *sandbox_command.NAMESPACES, *sandbox_command.tools(), "true"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(
                f"bubblewrap may not work here: {done.stderr.strip()}",
                hint="allow unprivileged user namespaces, or use `--runner docker`",
            )

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
        record = SessionRecord(
            id=session_id,
            runner=self.name,
            stream=stream,
            places=places_of(session_id, environment.mounts),
            scratch=sandbox_command.SCRATCH,
        )
        directory = SessionDirectory.create(self._home, record)
        channel = SandboxChannel(directory)
        with whole_or_nothing(channel):
            self._start(environment, record, directory, channel)
        return _session(directory, channel)

    def attach(self, session_id: str) -> DriverSession | None:
        """See ``ports.Runner``."""
        found = find_living(self._home, session_id, self.name, SandboxChannel)
        return None if found is None else _session(*found)

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``."""
        return reap_sessions(self._home, self.name, keep, SandboxChannel)

    def _start(
        self,
        environment: Environment,
        record: SessionRecord,
        directory: SessionDirectory,
        channel: SandboxChannel,
    ) -> None:
        views = {
            mount.name: view
            for mount in environment.mounts
            if mount.mode is MountMode.COPY_ON_WRITE
            and (view := session_mounts.overlay(mount, directory.mounts / mount.name, self._home))
        }
        if views and not sandbox_command.overlays_work(views):
            for view in views.values():
                session_mounts.remove(view)
            views = {}
        binds: list[str] = []
        for mount in environment.mounts:
            own, place = directory.mounts / mount.name, record.places[mount.name]
            binds += ("--dir", str(PurePosixPath(place).parent))
            binds += sandbox_command.binds_of(mount, place, views.get(mount.name), own, self._home)
        for name in ("scratch", "tmp", "root"):
            (directory.root / name).mkdir(mode=0o700)
        (directory.root / "tmp").chmod(0o1777)
        command = [*sandbox_command.wrap(directory, environment), *binds, "--", "sh"]
        command += [f"{sandbox_command.IO}/driver.sh", sandbox_command.IO, record.nonce]
        channel.start(
            sandbox_command.around(views, directory, command),
            sandbox_command.variables_of(environment),
        )


class SandboxChannel:
    """The driver of one sandbox: the only child of its first process."""

    def __init__(self, directory: SessionDirectory) -> None:
        """Reach the driver of this session's directory."""
        self.io = sandbox_command.IO
        self._directory = directory
        self._pipe = session_machine.RequestPipe(directory.io / "requests")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], variables: dict[str, str]) -> None:
        """Start the sandbox; raises ``Unavailable`` when its driver does not come up."""
        self._pipe.create()
        self._process = session_machine.start(self._directory, command, variables, where="sandbox")

    def send(self, request: str) -> None:
        """See ``Channel``."""
        self._pipe.send(request)

    def alive(self) -> bool:
        """See ``Channel``."""
        return self._pipe.send("")

    def end(self) -> None:
        """See ``Channel``. With its first process a pid namespace loses all others."""
        first = self._first_process()
        if first is not None:
            os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + END
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        if self._process is not None:
            self._process.wait()

    def post_mortem(self, since: float, status: int, *, dead: bool) -> str:
        """See ``Channel``. Nobody keeps account here."""
        del since, status, dead
        return ""

    def enter(self, command: Sequence[str]) -> int:
        """See ``Channel``. Its user namespace, if it has one of its own, must come first."""
        first = self._first_process()
        if first is None or shutil.which("nsenter") is None:
            raise Unavailable(
                "the sandbox has ended"
                if first is None
                else "to enter a sandbox takes 'nsenter', which is not on PATH",
                hint="install the package util-linux" if first is not None else None,
            )
        wanted = ["--mount", "--pid", "--ipc", "--uts", "--net"]
        if os.geteuid() != 0:
            wanted += ["--user", "--preserve-credentials"]
        way = ["nsenter", "--target", str(first), *wanted, "--"]
        return at_terminal([*way, *command], variables_of(Path("/proc", str(first))))

    def forget(self) -> None:
        """See ``Channel``."""
        if self._directory.root.exists():
            self._directory.remove()

    def _first_process(self) -> int | None:
        """Find it by its number *and* its namespace: numbers are used again."""
        try:
            info = json.loads((self._directory.root / "bwrap.json").read_text("utf-8"))
            pid = int(info["child-pid"])
            namespace = Path(f"/proc/{pid}/ns/pid").stat().st_ino
        except (OSError, ValueError, KeyError):
            return None
        return pid if namespace == info["pid-namespace"] else None


def _session(directory: SessionDirectory, channel: SandboxChannel) -> DriverSession:
    return DriverSession(directory, channel, ErrandFiles, users=_check_user)


def _check(environment: Environment) -> None:
    wanted = None
    if environment.privileged:
        wanted = "grant privileges"
    elif environment.network not in (None, "host", "none"):
        wanted = f"join the network '{environment.network}'"
    elif environment.cpus is not None or environment.memory is not None:
        wanted = "limit processors or memory"
    if wanted is not None:
        raise Unavailable(f"the sandbox runner cannot {wanted}", hint="use `--runner docker`")


def _check_user(user: str | None) -> None:
    if user is None or user == "root" or os.geteuid() == 0:
        return
    own = pwd.getpwuid(os.geteuid()).pw_name
    raise Unavailable(
        f"a sandbox of user '{own}' cannot run commands as '{user}'",
        hint="use `--runner docker`",
    )
