"""Directories of an instance, held open: no link that comes meanwhile leads out of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMED: Final = getattr(os, "O_PATH", 0) | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = _NAMED | os.O_DIRECTORY


class Held:
    """
    What is below a directory, reached by the numbers of directories that were opened one by one.

    A process that a script left behind may put a link in the place of a directory between our
    look and our write; by then it is open.
    """

    def __init__(self, root: Path) -> None:
        """Take the directory; links on the way to it are this machine's own, and followed."""
        self._root = root
        self._kept: tuple[Path, int] | None = None

    @contextmanager
    def held(self, directory: Path) -> Iterator[int]:
        """
        Open a directory; what is made in it by its number is made in the instance.

        The last one stays open: the next is often it.

        Raises:
            OSError: It is none, or a link has come into the way.

        """
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] == directory:
            number = kept[1]
        else:
            if kept is not None:
                os.close(kept[1])
            number = self._open(directory)
        try:
            yield number
        finally:
            self._release()
            self._kept = directory, number

    @contextmanager
    def pinned(self, place: Path) -> Iterator[str]:
        """Give a name of a file that stays that file's; where the system has none, its own."""
        if not hasattr(os, "O_PATH"):
            yield str(place)
            return
        with self.held(place.parent) as home:
            number = os.open(place.name, _NAMED, dir_fd=home)
            try:
                yield f"/proc/{os.getpid()}/fd/{number}"
            finally:
                os.close(number)

    @contextmanager
    def readable(self, directory: Path) -> Iterator[int]:
        """Open a directory so that it can also be listed, and given another mode."""
        with self.held(directory) as number:
            reading = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=number)
        try:
            yield reading
        finally:
            os.close(reading)

    def __del__(self) -> None:
        """Hold nothing any more."""
        self._release()

    def _release(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            os.close(kept[1])

    def _open(self, directory: Path) -> int:
        number = os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
        for name in directory.relative_to(self._root).parts:
            above = number
            try:
                number = os.open(name, _DIRECTORY, dir_fd=above)
            finally:
                os.close(above)
        return number
