"""
Which process wrote something, and whether it still lives.

A process number alone is not enough, since numbers are used again:
the moment it started is part of its name.
"""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

_GONE = ("Z", "X", "x")  # ended, and only its parent has not looked yet


@lru_cache(maxsize=1)
def _own(pid: int) -> str:
    return f"{_host()}:{pid}:{_start_time(pid) or '?'}"


def own_identity() -> str:
    """Give "host:pid:start time" of this process."""
    return _own(os.getpid())


def is_alive(identity: str) -> bool | None:
    """Tell whether that process lives; None: it is another machine's, so nobody here knows."""
    host, _, rest = identity.rpartition(":")[0].rpartition(":")
    started = identity.rpartition(":")[2]
    if host != _host() or not rest.isdigit():
        return None
    pid = int(rest)
    now = _start_time(pid)
    if now is not None:
        return now == started
    return _signal_finds(pid)


def _signal_finds(pid: int) -> bool | None:
    # /proc may hide other users' processes; a signal that is refused still proves them there.
    if _state(pid) in _GONE:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return None


@lru_cache(maxsize=1)
def _host() -> str:
    # Containers may share a host name but not process numbers, so their numbering has a name too.
    try:
        numbering = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        numbering = ""
    return f"{os.uname().nodename}/{numbering}".replace(":", "-")


def _start_time(pid: int) -> str | None:
    """When ``pid`` started, in a form that only equality is asked of; None: gone or hidden."""
    fields = _stat(pid)
    if fields is not None:
        if fields[0] in _GONE:
            return None
        return f"{_boot()}-{fields[19]}"  # field 22 of proc(5), clock ticks since boot
    if Path("/proc/self/stat").exists():
        return None
    return _asked_of_ps(pid)


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else ""


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the third on; the second may hold blanks and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split() or None


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _asked_of_ps(pid: int) -> str | None:
    # macOS has no /proc.
    try:
        said = subprocess.run(
            ["ps", "-o", "state=,lstart=", "-p", str(pid)],
            capture_output=True,
            check=False,
            text=True,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
        ).stdout.split()
    except OSError:
        return None
    if not said or said[0][:1] in _GONE:
        return None
    return "-".join(said[1:]).replace(":", ".")
