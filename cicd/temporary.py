"""Directories in the machine's temporary place: made, removed, and found where nobody did."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME: Final = re.compile(r"cicd-(artifacts|code|function|index|job|object)-[a-z0-9_]{8}")
_BEGINNING: Final = 60.0  # seconds after which whoever makes one has locked it: it takes none


class Temporary:
    """
    A directory for our eyes only, locked for as long as this process lives and wants it.

    So what a killed process left is known: nobody holds it. Those of its kind go first.
    """

    def __init__(self, kind: str) -> None:
        """Make it; ``kind`` is one of those that ``_NAME`` knows."""
        remove_abandoned(kind)
        self.path = Path(tempfile.mkdtemp(prefix=f"cicd-{kind}-"))
        assert _NAME.fullmatch(self.path.name), "else nobody would find it"
        self._held = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with suppress(OSError):  # a file system without locks: then none counts as abandoned
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Remove it with all that is in it; safe twice."""
        held, self._held = self._held, -1
        if held >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(held)


@contextmanager
def temporary(kind: str) -> Iterator[Path]:
    """Give such a directory, and remove it at the end."""
    made = Temporary(kind)
    try:
        yield made.path
    finally:
        made.remove()


def abandoned(kind: str = "") -> list[Path]:
    """Give those that no process holds any more; of one kind, or of all."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        paths = [Path(e.path) for e in entries if e.name.startswith(f"cicd-{kind}")]
        return sorted(path for path in paths if is_free(path) and _is_old(path))
    return []


def remove_abandoned(kind: str = "") -> list[Path]:
    """Remove them, and give those that were there."""
    found = abandoned(kind)
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return found


def is_free(path: Path) -> bool:
    """Tell whether a path is such a directory, of this user, that nobody holds; no link is."""
    if not _NAME.fullmatch(path.name):
        return False
    try:
        place = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if os.fstat(place).st_uid != os.geteuid():
            return False
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(place)
    return True


def _is_old(path: Path) -> bool:
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime > _BEGINNING
    return False
