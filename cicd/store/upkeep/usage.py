"""What a home takes on its disk, place by place."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STATE = ("state.db", "state.db-wal", "state.db-shm")


def usage(home: Path) -> dict[str, int]:
    """
    Give the bytes of each place in a home: state, logs, artifacts, cache and what else is there.

    A place that is being changed meanwhile counts as it is found; a home that is not there has
    no places.
    """
    found = {"state": 0}
    with suppress(FileNotFoundError), os.scandir(home) as entries:
        for entry in entries:
            if entry.name in _STATE:
                with suppress(OSError):
                    found["state"] += entry.stat(follow_symlinks=False).st_blocks * 512
            elif entry.is_dir(follow_symlinks=False):
                found[entry.name] = tree_size(entry.path)[0]
    return found


def tree_size(tree: str | Path, known: set[int] | None = None) -> tuple[int, int]:
    """
    Give the bytes that a tree takes on its disk, and its number of files.

    A file of several names is counted once. ``known`` are those counted before, by their numbers;
    what is counted now is added.
    """
    size = files = 0
    met = set() if known is None else known
    waiting = [os.fspath(tree)]
    while waiting:
        # What runs in there may remove it under our eyes.
        with suppress(FileNotFoundError, PermissionError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                is_directory = entry.is_dir(follow_symlinks=False)
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if is_directory or status.st_nlink == 1 or status.st_ino not in met:
                        size += status.st_blocks * 512
                    if not is_directory and status.st_nlink > 1:
                        met.add(status.st_ino)
                if is_directory:
                    waiting.append(entry.path)
                else:
                    files += 1
    return size, files
