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
        self._way: list[tuple[str, int]] = []  # to the last one: each directory and its number

    @contextmanager
    def held(self, directory: Path) -> Iterator[int]:
        """
        Open a directory; what is made in it by its number is made in the instance.

        The last one stays open, and all on the way to it: the next is often near.

        Raises:
            OSError: It is none, or a link has come into the way.

        """
        way, self._way = self._way, []
        try:
            self._go(way, directory)
            yield way[-1][1]
        finally:
            self.release()
            self._way = way

    def release(self) -> None:
        """Hold nothing any more: what was done meanwhile to the way is seen by the next."""
        way, self._way = self._way, []
        _close(way)

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
        self.release()

    def _go(self, way: list[tuple[str, int]], directory: Path) -> None:
        """Make the way to one directory that to another; as far as they are one, it stays."""
        names = ("", *directory.relative_to(self._root).parts)
        same = 0
        while same < min(len(way), len(names)) and way[same][0] == names[same]:
            same += 1
        _close(way[same:])
        del way[same:]
        for name in names[same:]:
            if not way:
                number = os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
            else:
                number = os.open(name, _DIRECTORY, dir_fd=way[-1][1])
            way.append((name, number))


def _close(way: list[tuple[str, int]]) -> None:
    for _, number in way:
        os.close(number)
