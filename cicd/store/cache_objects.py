"""
The files of caches by their content: what several trees hold is on the disk once.

``<sha256>.<mode>.<time>.<number>``, below a directory of its first two digits, and the names in
the trees are hard links to one file. Nobody writes through any of them: docs/decisions/0009.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SMALL = 1 << 20  # bytes of a file that is held in memory as a whole
_PIECE = 1 << 26  # bytes that are copied at once


class CacheObjects:
    """The objects of one home; safe from any thread and from several processes."""

    def __init__(self, directory: Path) -> None:
        """Keep them below ``directory``, which is made when first written to."""
        self._directory = directory

    def take(self, tree: Path, spare: Path) -> None:
        """
        Make every file of a new tree a name of an object, or of a file of its own.

        No file is in the tree twice, though its content may be: what copies a tree together with
        its links would else tie two files of a build to each other.

        Args:
            tree: Written by others, who may hold its files open still; none of these stays.
            spare: A name beside it that nobody uses.

        Raises:
            OSError: The disk cannot.

        """
        met: Counter[str] = Counter()
        for path in list(_files(tree)):
            with open(path, "rb") as file:  # noqa: PTH123 - there are tens of thousands of them
                status = os.fstat(file.fileno())
                small = file.read() if status.st_size <= _SMALL else None
                digest = sha256(small) if small is not None else file_digest(file, "sha256")
            look = f"{stat.S_IMODE(status.st_mode):o}.{status.st_mtime_ns}"
            known = f"{digest.hexdigest()}.{look}"
            if not _linked(self._path(f"{known}.{met[known] + 1}"), spare, status):
                # What was read may have been written to since: what counts is our own.
                known = f"{_write(spare, small, path, status)}.{look}"
                _keep(spare, self._path(f"{known}.{met[known] + 1}"))
            met[known] += 1
            os.replace(spare, path)  # noqa: PTH105 - the same

    def sweep(self) -> None:
        """Remove the objects that no tree has any more."""
        for path, status in self.all():
            if status.st_nlink == 1:
                path.unlink(missing_ok=True)

    def all(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Give each object, and what is known of its file."""
        with suppress(FileNotFoundError):
            for above in self._directory.iterdir():
                with os.scandir(above) as entries:
                    for entry in entries:
                        with suppress(FileNotFoundError):
                            yield Path(entry.path), entry.stat(follow_symlinks=False)

    def damaged(self) -> Iterator[Path]:
        """Give the objects whose content is not the one that they are named after."""
        for path, _ in self.all():
            with suppress(FileNotFoundError), path.open("rb") as file:
                if file_digest(file, "sha256").hexdigest() != path.name.partition(".")[0]:
                    yield path

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name


def _files(tree: Path) -> Iterator[str]:
    waiting = [os.fspath(tree)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path


def _linked(name: Path, spare: Path, wanted: os.stat_result) -> bool:
    """Make ``spare`` another name of an object, if that is there and whole; what is not goes."""
    try:
        os.link(name, spare)
    except OSError:  # there is none, it has too many names, or there are no links here
        return False
    found = spare.stat()
    if _look(found) == _look(wanted):
        return True
    # A power cut, or somebody who wrote there in spite of all.
    spare.unlink()
    name.unlink(missing_ok=True)
    return False


def _look(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, stat.S_IMODE(status.st_mode)


def _write(spare: Path, small: bytes | None, path: str, status: os.stat_result) -> str:
    """Write a file that nobody else has open, of the same content and look; give its digest."""
    number = os.open(spare, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w+b") as file:
        if small is not None:
            file.write(small)
        else:
            _copy(path, number)
        file.flush()
        os.fchmod(number, stat.S_IMODE(status.st_mode))
        os.utime(number, ns=(status.st_atime_ns, status.st_mtime_ns))
        if small is not None:
            return sha256(small).hexdigest()
        file.seek(0)
        return file_digest(file, "sha256").hexdigest()


def _copy(path: str, into: int) -> None:
    """Copy a large file; where the file system can, the two share their blocks."""
    with open(path, "rb") as file:  # noqa: PTH123 - its path is text
        try:
            while os.copy_file_range(file.fileno(), into, _PIECE):
                pass
        except (AttributeError, OSError):  # no Linux, or two file systems
            file.seek(0)
            os.lseek(into, 0, os.SEEK_SET)
            while piece := file.read(_PIECE):
                os.write(into, piece)


def _keep(spare: Path, name: Path) -> None:
    """Give a file its name as an object; where that cannot be, it stays the tree's own."""
    with suppress(OSError):
        name.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.link(spare, name)
