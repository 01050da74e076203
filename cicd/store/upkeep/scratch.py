"""Directories that are made for a moment: what a killed process leaves, the next one removes."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch(beside: Path, prefix: str) -> Iterator[Path]:
    """
    Give a new directory below ``beside``, named after ``prefix``, and remove it at the end.

    Those of that name whose process has gone are removed first: nobody holds their lock.
    Safe for several processes at once.
    """
    with _locked(beside):
        for left in beside.glob(f"{glob.escape(prefix)}*"):
            with suppress(OSError), _locked(left, fcntl.LOCK_NB):
                shutil.rmtree(left)
        place = Path(tempfile.mkdtemp(dir=beside, prefix=prefix))
        ours = _lock(place)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(ours)


@contextmanager
def _locked(directory: Path, how: int = 0) -> Iterator[None]:
    lock = _lock(directory, how)
    try:
        yield
    finally:
        os.close(lock)


def _lock(directory: Path, how: int = 0) -> int:
    """Lock a directory; raises BlockingIOError with LOCK_NB where another process has."""
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
    except BaseException:
        os.close(lock)
        raise
    return lock
