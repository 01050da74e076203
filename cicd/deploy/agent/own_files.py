"""The agent's own files on an instance: what is in their place leads nobody outside of it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.deploy.agent.instance import InstanceDisk
    from cicd.ports import InstanceTarget

_SAFELY: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not hold us up
_REPLACED: Final = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EISDIR)


class OwnFiles:
    """
    Reads and writes them by places of this machine, through directories that are held open.

    Scripts may put a link, a pipe or a device there. A link, this machine would follow from its
    own root and not from the instance's; a pipe would be waited for, and a device of a container
    is this machine's. Every method raises ``Unavailable`` for them.
    """

    def __init__(self, target: InstanceTarget, disk: InstanceDisk) -> None:
        """Take the instance and its disk."""
        self._target = target
        self._disk = disk

    def open(self, place: Path, flags: int) -> int:
        """Open a regular file; the directory that it is to be made in is made, too."""
        if flags & os.O_CREAT:
            self.make(place.parent)
        with self._told(place), self._disk.held(place.parent) as home:
            if flags & os.O_CREAT:
                with suppress(FileExistsError):
                    return os.open(place.name, flags | os.O_EXCL | _SAFELY, 0o666, dir_fd=home)
            # A device is not even opened; should it come in between, it is not used.
            _check(os.stat(place.name, dir_fd=home, follow_symlinks=False))
            number = os.open(place.name, flags & ~os.O_CREAT | _SAFELY, dir_fd=home)
            try:
                _check(os.fstat(number))
            except OSError:
                os.close(number)
                raise
            return number

    def read(self, place: Path) -> str | None:
        """Read a text; None: there is no such file."""
        try:
            number = self.open(place, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(number, "rb", buffering=0) as file:
            return file.read().decode("utf-8", "surrogateescape")

    def recorded(self, place: Path) -> str | None:
        """Read one of the files that hold a deployment's directory; None: none is recorded."""
        return (self.read(place) or "").strip() or None

    def write(self, place: Path, text: str) -> None:
        """Write a text, in the place of what is there."""
        number = self.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(number, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))

    def copy(self, source: Path, place: Path) -> None:
        """Copy a file that may be there to where none is."""
        with suppress(FileNotFoundError), os.fdopen(self.open(source, os.O_RDONLY), "rb") as file:
            number = self.open(place, os.O_WRONLY | os.O_CREAT)
            with os.fdopen(number, "wb") as copied:
                shutil.copyfileobj(file, copied, 1024 * 1024)

    def make(self, directory: Path) -> None:
        """Make a directory, and those on the way to it, where they are not."""
        with self._told(directory), suppress(FileExistsError):
            try:
                with self._disk.held(directory.parent) as home:
                    os.mkdir(directory.name, dir_fd=home)
            except FileNotFoundError:
                self.make(directory.parent)
                with self._disk.held(directory.parent) as home:
                    os.mkdir(directory.name, dir_fd=home)

    def rename(self, place: Path, name: str) -> None:
        """Give a file another name in its directory; one that is not there has none."""
        with self._gone(place) as home:
            os.replace(place.name, name, src_dir_fd=home, dst_dir_fd=home)

    def remove(self, place: Path) -> None:
        """Remove a file that may be there."""
        with self._gone(place) as home:
            os.unlink(place.name, dir_fd=home)

    def remove_tree(self, place: Path) -> None:
        """Remove a directory that may be there, with all that is in it."""
        with self._gone(place) as home:
            if not stat.S_ISDIR(os.lstat(place.name, dir_fd=home).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            shutil.rmtree(place.name, dir_fd=home)

    def directories(self, place: Path) -> list[str]:
        """Name the directories in one, the one that was changed longest ago first."""
        with self._told(place), self._disk.readable(place) as number, os.scandir(number) as found:
            times = {
                each.name: each.stat(follow_symlinks=False).st_mtime_ns
                for each in found
                if each.is_dir(follow_symlinks=False)
            }
        return sorted(times, key=lambda name: (times[name], name))

    @contextmanager
    def _gone(self, place: Path) -> Iterator[int]:
        """Open the directory of what is to go from its place; what is not there has gone."""
        with suppress(FileNotFoundError), self._told(place), self._disk.held(place.parent) as home:
            yield home

    @contextmanager
    def _told(self, place: Path) -> Iterator[None]:
        try:
            yield
        except OSError as reason:
            if reason.errno not in _REPLACED:
                raise
            raise Unavailable(
                f"instance '{self._target.id}' cannot be used: a link, a pipe or a device is in "
                f"the place of {self._target.inside(place)}, or on the way there",
                hint=f"remove {place}",
            ) from reason


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
