"""The command line of a sandbox: bubblewrap, and the overlays that are mounted around it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends import session_machine, session_mounts
from cicd.ports import MountMode

if TYPE_CHECKING:
    from cicd.backends.session_directory import SessionDirectory
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
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - inside, where nobody else is
# Not the user namespace: in it root could not be anyone else, nor unpack others' files.
NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
NO_OVERLAY = 97  # what our own start script ends with


def tools() -> list[str]:
    """
    Give bubblewrap's words for this machine's tools.

    Never the whole root: below it the mounts of containers come and go, and one that goes
    just then ends bubblewrap.
    """
    words: list[str] = []
    for path in map(Path, SHOWN):
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    return words


def wrap(directory: SessionDirectory, environment: Environment) -> list[str]:
    """Give the bubblewrap command line, up to the mounts of the session's own."""
    command = ["bwrap", "--info-fd", "3", *NAMESPACES]
    if environment.network == "none":
        command.append("--unshare-net")
    if os.geteuid() != 0:
        command += ["--unshare-user", "--uid", "0", "--gid", "0"]  # root, as in CodeBuild
    own = directory.root
    return [
        *command,
        *tools(),
        # Parents that bubblewrap makes by itself are closed to everyone but root.
        *("--dir", "/codebuild", "--dir", "/codebuild/output"),
        *("--proc", "/proc", "--dev", "/dev", "--dir", "/home", "--dir", "/run"),
        *("--bind", str(own / "root"), "/root"),
        *(word for place in TEMPORARY for word in ("--bind", str(own / "tmp"), place)),
        *("--bind", str(directory.io), IO, "--bind", str(own / "scratch"), SCRATCH),
        *("--chdir", SCRATCH),
    ]


def binds_of(
    mount: Mount, place: str, view: session_mounts.Overlay | None, own: Path, home: Path
) -> list[str]:
    """Give bubblewrap's words for one mount of an environment."""
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
        for each in (view, *view.parts):
            options = shlex.quote(each.options() + more)
            place = shlex.quote(str(_view(view) / each.name))
            mount = f"mkdir -p {place} && mount -t overlay overlay -o {options} {place}"
            lines.append(f"{mount} || exit {NO_OVERLAY}")
    return "\n".join(lines)


def _unshare() -> list[str]:
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-m"]


def overlays_work(views: dict[str, session_mounts.Overlay]) -> bool:
    """Try them in a namespace that is gone at once."""
    if shutil.which("unshare") is None:
        return False
    command = [*_unshare(), "sh", "-c", _mount_script(views)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def around(
    views: dict[str, session_mounts.Overlay], directory: SessionDirectory, command: list[str]
) -> list[str]:
    """Put what must come before bubblewrap around it."""
    info = shlex.quote(str(directory.root / "bwrap.json"))
    script = f'{_mount_script(views)}\nexec "$@" 3>{info}'
    return [*(_unshare() if views else []), "sh", "-c", script, "sh", *command]


def variables_of(environment: Environment) -> dict[str, str]:
    """Give the variables that the driver starts with: of PATH, only what can be seen inside."""
    variables = session_machine.inherited()
    seen = [p for p in variables.get("PATH", os.defpath).split(":") if p.startswith(SHOWN)]
    own = {"PATH": ":".join(seen), "HOME": "/root", "USER": "root", "LOGNAME": "root"}
    trust = session_mounts.trust(environment.mounts, os.geteuid())
    return {**variables, **own, **trust, **environment.variables}
