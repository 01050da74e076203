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
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cicd.backends import session_machine, session_mounts
from cicd.backends.session_command import check_variables
from cicd.backends.session_directory import SessionDirectory, SessionRecord, place_names
from cicd.backends.session_driver import DriverSession
from cicd.backends.session_errands import ErrandFiles
from cicd.errors import Unavailable
from cicd.ports import MountMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.ports import Environment, Mount

IO = "/codebuild/session"
SCRATCH = "/codebuild/scratch"
# Where a machine keeps its tools and how to find names; never a home directory.
SHOWN = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"),
    *(
        "/gnu",
        "/snap",
        "/sys",
        "/run/systemd/resolve",
        "/run/resolvconf",
        "/var/lib/ca-certificates",
    ),
)
END = 5.0  # seconds for the kernel to take a killed session apart
# Not the user namespace: in it root could not be anyone else, nor unpack others' files.
_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
NO_OVERLAY = 97  # what our own start script ends with


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
        command = ["bwrap", *_NAMESPACES, "--ro-bind", "/", "/", "true"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(
                f"bubblewrap may not work here: {done.stderr.strip()}",
                hint="allow unprivileged user namespaces, or use `--runner docker`",
            )

    def open(self, session_id: str, environment: Environment, *, stream: str) -> DriverSession:
        """See ``ports.Runner``."""
        self.check()
        _check(environment)
        check_variables(environment.variables)
        session_mounts.check_sources(environment.mounts)
        record = SessionRecord(
            id=session_id,
            runner=self.name,
            stream=stream,
            places=place_names(session_id, tuple(m.name for m in environment.mounts)),
            scratch=SCRATCH,
        )
        directory = SessionDirectory.create(self._home, record)
        channel = SandboxChannel(directory)
        try:
            self._start(environment, record, directory, channel)
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
        channel = SandboxChannel(directory)
        return _session(directory, channel) if channel.alive() else None

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``."""
        removed = []
        for directory in SessionDirectory.all(self._home):
            record = directory.record()
            if record.runner == self.name and not keep(record.stream):
                channel = SandboxChannel(directory)
                channel.end()
                channel.forget()
                removed.append(record.id)
        return removed

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
        if views and not _overlays_work(views):
            for view in views.values():
                session_mounts.remove(view)
            views = {}
        binds: list[str] = []
        for mount in environment.mounts:
            own, place = directory.mounts / mount.name, record.places[mount.name]
            binds += ("--dir", str(PurePosixPath(place).parent))
            binds += _binds(mount, place, views.get(mount.name), own, self._home)
        for name in ("scratch", "tmp", "root"):
            (directory.root / name).mkdir(mode=0o700)
        (directory.root / "tmp").chmod(0o1777)
        command = [*_wrap(directory, environment), *binds, "--", "sh"]
        command += [f"{IO}/driver.sh", IO, record.nonce]
        channel.start(_around(views, directory, command), _variables(environment))


class SandboxChannel:
    """The driver of one sandbox: the only child of its first process."""

    def __init__(self, directory: SessionDirectory) -> None:
        """Reach the driver of this session's directory."""
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

    def forget(self) -> None:
        """See ``Channel``."""
        if self._directory.root.exists():
            self._directory.remove()

    def _first_process(self) -> int | None:
        """Find it by its number *and* its namespace: numbers are used again."""
        try:
            info = json.loads((self._directory.root / "bwrap.json").read_text("utf-8"))
            pid = int(info["child-pid"])
            namespace = os.stat(f"/proc/{pid}/ns/pid_for_children").st_ino
        except (OSError, ValueError, KeyError):
            return None
        return pid if namespace == info["pid-namespace"] else None


def _session(directory: SessionDirectory, channel: SandboxChannel) -> DriverSession:
    return DriverSession(directory, channel, ErrandFiles, users=_check_user)


def _wrap(directory: SessionDirectory, environment: Environment) -> list[str]:
    """Give the bubblewrap command line, up to the mounts of the session's own."""
    command = ["bwrap", "--info-fd", "3", *_NAMESPACES]
    if environment.network == "none":
        command.append("--unshare-net")
    if os.geteuid() != 0:
        command += ["--unshare-user", "--uid", "0", "--gid", "0"]  # root, as in CodeBuild
    for path in map(Path, SHOWN):
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    own = directory.root
    return [
        *command,
        # Parents that bubblewrap makes by itself are closed to everyone but root.
        *("--dir", "/codebuild", "--dir", "/codebuild/output"),
        *("--proc", "/proc", "--dev", "/dev", "--dir", "/home", "--dir", "/run"),
        *("--bind", str(own / "tmp"), "/tmp", "--bind", str(own / "root"), "/root"),
        *("--bind", str(own / "tmp"), "/var/tmp"),
        *("--bind", str(directory.io), IO, "--bind", str(own / "scratch"), SCRATCH),
        *("--chdir", SCRATCH),
    ]


def _binds(
    mount: Mount, place: str, view: session_mounts.Overlay | None, own: Path, home: Path
) -> list[str]:
    if view is not None:
        return ["--bind", str(_view(view)), place]
    if mount.mode is MountMode.COPY_ON_WRITE:
        return ["--bind", str(session_mounts.copy(mount, own, home)), place]
    how = "--ro-bind" if mount.mode is MountMode.READ_ONLY else "--bind"
    words = [how, str(mount.source), place]
    for name, cover in session_mounts.covers(mount, own).items():
        words += ["--ro-bind", str(cover), f"{place}/{name}"]
    return words


def _view(view: session_mounts.Overlay) -> Path:
    return view.upper.with_name("view")


def _mount_script(views: dict[str, session_mounts.Overlay]) -> str:
    """Write the shell commands that mount the overlays."""
    # Without root an overlay keeps its notes in the user's own attributes.
    more = "" if os.geteuid() == 0 else ",userxattr"
    lines = []
    for view in views.values():
        options = shlex.quote(view.options() + more)
        place = shlex.quote(str(_view(view)))
        mount = f"mkdir -p {place} && mount -t overlay overlay -o {options} {place}"
        lines.append(f"{mount} || exit {NO_OVERLAY}")
    return "\n".join(lines)


def _unshare() -> list[str]:
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-m"]


def _overlays_work(views: dict[str, session_mounts.Overlay]) -> bool:
    """Try them in a namespace that is gone at once."""
    if shutil.which("unshare") is None:
        return False
    command = [*_unshare(), "sh", "-c", _mount_script(views)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _around(
    views: dict[str, session_mounts.Overlay], directory: SessionDirectory, command: list[str]
) -> list[str]:
    """Put what must come before bubblewrap around it."""
    info = shlex.quote(str(directory.root / "bwrap.json"))
    script = f'{_mount_script(views)}\nexec "$@" 3>{info}'
    return [*(_unshare() if views else []), "sh", "-c", script, "sh", *command]


def _variables(environment: Environment) -> dict[str, str]:
    variables = session_machine.inherited()
    seen = [p for p in variables.get("PATH", os.defpath).split(":") if p.startswith(SHOWN)]
    own = {"PATH": ":".join(seen), "HOME": "/root", "USER": "root", "LOGNAME": "root"}
    return {**variables, **own, **environment.variables}


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
