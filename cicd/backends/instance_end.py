"""The end of an instance that is a directory: of every process that its hooks began."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cicd.errors import Unavailable

MARK: Final = "CICD_INSTANCE"
"""In the environment of each process of an instance: its directory."""

_GRACE: Final = 5.0  # seconds between asking and killing
_PAUSE: Final = 0.02


def end(root: Path) -> None:
    """
    Ask all processes of an instance to end, then kill them; its files stay.

    Raises ``Unavailable`` where the system does not tell which they are.
    """
    if not Path("/proc/self/environ").exists():
        raise Unavailable(
            f"the processes of '{root}' cannot be found on this system",
            hint="end its servers yourself",
        )
    deadline = time.monotonic() + _GRACE
    asked: set[int] = set()
    while found := _processes(root):
        late = time.monotonic() > deadline
        for pid in found if late else found - asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= found
        time.sleep(_PAUSE)


def _processes(root: Path) -> set[int]:
    mark = os.fsencode(f"{MARK}={root}")
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # One may have ended meanwhile, or be another user's.
        with suppress(OSError, IndexError):
            if (entry / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z":
                continue
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    return found
