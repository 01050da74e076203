"""A directory as the root of a script's file system, by bubblewrap."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from cicd.errors import Unavailable

_SYSTEM: Final = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix")
_OWN: Final = ("etc", "home", "opt", "root", "run", "srv", "tmp", "var", "var/tmp")
# Copied, so that a hook may add a user or a host to its own instance.
_SEEDS: Final = (
    *("group", "hostname", "hosts", "ld.so.cache", "ld.so.conf", "localtime", "login.defs"),
    *("nsswitch.conf", "passwd", "protocols", "resolv.conf", "services", "shells"),
)
_SHARED: Final = (
    *("alternatives", "ca-certificates", "ld.so.conf.d", "pam.d", "pki", "security", "ssl"),
)
_MACHINE: Final = Path("/etc")
_WORLD_MODES: Final = {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700}


# What root must not have to be kept from reading other processes' memory and environment, and from
# reaching this machine's files by their /proc/PID/root.
_DROPPED: Final = ("CAP_SYS_PTRACE", "CAP_PERFMON", "CAP_SYS_ADMIN")
_PATIENCE: Final = 10.0  # seconds


def begin() -> None:
    """Begin to find out whether it works: by the time that somebody asks, it is known."""
    _trial()


@cache
def works() -> bool:
    """Tell whether this machine lets us make such a world."""
    trial = _trial()
    try:
        return trial is not None and trial.wait(_PATIENCE) == 0
    except subprocess.TimeoutExpired:
        return False


@cache
def _trial() -> subprocess.Popen[bytes] | None:
    """Start the simplest of such worlds; None: there is no bubblewrap."""
    if shutil.which("bwrap") is None:
        return None
    mounts = ["--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"]
    # Not the whole root: the mounts of containers come and go there, which ends bubblewrap.
    for ours in (Path("/") / name for name in _SYSTEM):
        if ours.is_symlink():
            mounts += ["--symlink", str(ours.readlink()), str(ours)]
        elif ours.is_dir():
            mounts += ["--ro-bind", str(ours), str(ours)]
    nothing = subprocess.DEVNULL
    try:
        return subprocess.Popen(
            (*_beginning(), *mounts, "true"), stdin=nothing, stdout=nothing, stderr=nothing
        )
    except OSError:
        return None


def _beginning() -> list[str]:
    if os.geteuid() != 0:
        return ["bwrap"]  # its namespace of users keeps us from the others' processes
    return ["bwrap", *(word for name in _DROPPED for word in ("--cap-drop", name))]


def prepare(root: Path) -> None:
    """
    Give a directory what every root has; what is there already stays as it is.

    The places of mounts, such as ``/usr``, bubblewrap makes when the first script runs.
    Two deployments may come to a new instance at once: each leaves what the other one made.

    Raises:
        Unavailable: A hook has put a link in the place of a directory that we would write to:
            on this machine it leads elsewhere than inside.

    """
    for name in ("etc", "var"):
        if (root / name).is_symlink():
            raise Unavailable(
                f"/{name} is a link in the instance at {root}",
                hint=f"make it a directory, or remove {root / name}",
            )
    there = {each.name for each in root.iterdir()} if root.is_dir() else set()
    for name in _OWN:
        place = root / name
        if name not in there and not place.exists():
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(_WORLD_MODES.get(name, 0o755))
    for name in _SYSTEM:
        ours = Path("/") / name
        if name not in there and ours.is_symlink():
            with suppress(FileExistsError):
                (root / name).symlink_to(ours.readlink())
    etc = root / "etc"
    there = {each.name for each in etc.iterdir()}
    for name in _SEEDS:
        if name not in there:
            _seed(_MACHINE / name, etc / name)
    _prepare_shadow(root / "etc")


def _seed(ours: Path, place: Path) -> None:
    """Copy a file of this machine, if it has one; what somebody made meanwhile stays."""
    try:
        found = ours.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISREG(found.st_mode):
        return
    data = _content(ours, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
    try:
        number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        return
    with os.fdopen(number, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


@lru_cache(maxsize=len(_SEEDS))
def _content(ours: Path, _stamp: tuple[int, ...]) -> bytes:
    """Read a file of this machine once for all instances, and again when it has changed."""
    return ours.read_bytes()


def _prepare_shadow(etc: Path) -> None:
    """Make the file that su wants to see; this machine's own stays where it is."""
    shadow, users = etc / "shadow", etc / "passwd"
    if os.path.lexists(shadow) or users.is_symlink() or not users.is_file():
        return  # what a link leads to on this machine is none of the instance's business
    names = [line.partition(":")[0] for line in users.read_text("utf-8", "replace").splitlines()]
    try:
        number = os.open(shadow, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(number, "w") as file:
        file.writelines(f"{name}:*:19000:0:99999:7:::\n" for name in names if name)


def enter(root: Path) -> tuple[str, ...]:
    """
    Give the beginning of a command line that runs the rest with ``root`` as ``/``.

    Processes and network are this machine's own, and nothing dies with us: a server that a hook
    starts goes on, and the number in its pid file means something to the next hook. What other
    processes have in their memory and environment is out of sight.
    """
    arguments = [*_beginning(), "--bind", str(root), "/"]
    for name in _SYSTEM:
        ours = Path("/") / name
        if ours.is_dir() and not ours.is_symlink():
            arguments += _merged(root / name, ours)
    for name in _SHARED:
        ours = Path("/etc") / name
        if ours.is_dir() and not _has_content(root / "etc" / name):
            arguments += ["--ro-bind", str(ours), str(ours)]
    arguments += ["--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"]
    if Path("/sys").is_dir():
        arguments += ["--ro-bind", "/sys", "/sys"]
    return (*arguments, "--chdir", "/")


def _has_content(directory: Path) -> bool:
    return directory.is_dir() and any(directory.iterdir())


def _merged(theirs: Path, ours: Path) -> list[str]:
    """Mount a directory of this machine, with what the instance has there laid over it."""
    if not _has_content(theirs):
        return ["--ro-bind", str(ours), str(ours)]
    arguments = ["--tmpfs", str(ours)]
    for name in sorted({child.name for side in (theirs, ours) for child in side.iterdir()}):
        inner, outer = theirs / name, ours / name
        if not os.path.lexists(inner):
            arguments += _shown(outer, outer, "--ro-bind")
        elif all(each.is_dir() and not each.is_symlink() for each in (inner, outer)):
            arguments += _merged(inner, outer)
        else:
            arguments += _shown(inner, outer, "--bind")
    return arguments


def _shown(source: Path, place: Path, how: str) -> list[str]:
    if source.is_symlink():
        return ["--symlink", str(source.readlink()), str(place)]
    return [how, str(source), str(place)]
