"""Sessions whose driver runs on this machine: fed through a named pipe, found by a variable."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.backends.session_directory import SessionDirectory

START = 10.0  # seconds for a driver to come up
DRIVER = "driver.pid"  # in the directory of a session: the process that leads the driver's group
MARK = "CICD_SESSION"  # in the environment of each process of a session: its directory

# What a build on this machine needs of its user's own environment; credentials are not in it.
INHERITED = (
    *("PATH", "LANG", "LC_ALL", "TZ"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "CURL_CA_BUNDLE"),
    *("GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"),
)


def inherited(*more: str) -> dict[str, str]:
    """Give the part of our own environment that a session inherits."""
    return {name: os.environ[name] for name in (*INHERITED, *more) if name in os.environ}


class RequestPipe:
    """
    The named pipe that a driver reads its requests from, and keeps open for reading and writing.

    So it never ends, and opening it for writing says at once whether a driver is there.
    """

    def __init__(self, path: Path) -> None:
        """Name it; ``create`` makes it."""
        self.path = path

    def create(self) -> None:
        """Make it."""
        os.mkfifo(self.path, 0o600)

    def send(self, request: str) -> bool:
        """Write one line; False when nobody reads."""
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as problem:
            if problem.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        try:
            if request:
                os.write(descriptor, f"{request}\n".encode())
        finally:
            os.close(descriptor)
        return True


def start(
    directory: SessionDirectory,
    command: Sequence[str],
    variables: Mapping[str, str],
    *,
    where: str,
) -> subprocess.Popen[bytes]:
    """
    Start a driver that is to outlive us, and wait until it reads its requests.

    Raises:
        Unavailable: It did not come up; with its own last words.
    """
    log = directory.root / "driver.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <>"$0"', str(directory.io / "requests"), *command],
            env={**variables, MARK: str(directory.root)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,  # neither Ctrl-C nor a closing terminal is meant for it
        )
    deadline = time.monotonic() + START
    while not (directory.io / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            words = log.read_text("utf-8", "replace").strip().splitlines()
            raise Unavailable(
                f"the {where} did not start: {words[-1] if words else 'it said nothing'}",
                hint="choose another runner with `--runner`",
            )
        time.sleep(0.001)
    return process


def processes(directory: SessionDirectory, *, alive: bool) -> set[int]:
    """
    Find the processes of a session of this machine.

    They carry its name in their environment, or live in a session that a command began;
    the latter only counts while the driver is alive, since numbers are used again.
    """
    if not Path("/proc/self/stat").exists():
        return _leaders(directory) if alive else set()
    leaders = _leaders(directory) if alive else set()
    mark = os.fsencode(f"{MARK}={directory.root}")
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            status = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            if status[0] == b"Z":
                continue
            ours = int(status[3]) in leaders
            if ours or mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except (OSError, IndexError):
            continue  # it has ended meanwhile, or is another user's
    return found


def kill(directory: SessionDirectory, *, alive: bool) -> None:
    """
    Kill all processes of a session; returns when there are none.

    The driver goes first: it would still write down how the commands ended that are killed here.
    """
    deadline = time.monotonic() + START
    if alive:
        _kill_driver(directory)
    while found := processes(directory, alive=alive):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
                if not Path("/proc").is_dir():
                    os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if time.monotonic() > deadline or not Path("/proc/self/stat").exists():
            return
        time.sleep(0.002)


def _kill_driver(directory: SessionDirectory) -> None:
    """Kill the shells of the driver, which are one process group, at once."""
    with suppress(OSError, ValueError):
        os.killpg(int((directory.root / DRIVER).read_text()), signal.SIGKILL)


def _leaders(directory: SessionDirectory) -> set[int]:
    found = set()
    ours = directory.root / DRIVER
    for path in (*directory.io.glob("*.pid"), *directory.io.glob("errand-*/pid"), ours):
        try:
            found.add(int(path.read_text()))
        except (OSError, ValueError):
            continue
    return found
