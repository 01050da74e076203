"""A directory as it stands, committed or not."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable, UsageError
from cicd.ports import Revision
from cicd.repos.find import find_repository
from cicd.repos.git_command import empty_directory
from cicd.repos.working_files import working_files
from cicd.settings import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.repos.git import Repository

_AT_ONCE = 1 << 30  # bytes the kernel is asked to copy in one call


class DirectorySource:
    """
    The ``Source`` of a working tree.

    In a git repository a fetch takes tracked and untracked files, but not ignored ones;
    elsewhere it takes all. The home, ``.cicd``, is never part of it.
    """

    def __init__(self, path: Path) -> None:
        """Name the directory; it is looked at when first asked."""
        self._path = path

    def describe(self) -> Revision:
        """Say which commit the directory stands on, and whether it differs; "" outside git."""
        return self._describe(find_repository(self._path))

    def fetch(self, version: str | None, into: Path) -> Revision:
        """
        Copy the files into ``into``, with their modes, times and symbolic links.

        Raises:
            UsageError: A version was asked for: only commits have versions.
            Unavailable: A full disk, or a file that cannot be read; ``into`` is then empty again.

        """
        if version is not None:
            raise UsageError(
                f"{self._path} is taken as it is, so it has no '{version}'",
                hint="leave the version out, or leave --working-tree out",
            )
        repository = find_repository(self._path)
        revision = self._describe(repository)
        try:
            # All names first, so that a copy made below the directory is not copied again.
            if repository is None or repository.bare:
                names = tuple(_walk(self._path, "", into.resolve()))
            else:
                names = working_files(repository)
            into.mkdir(parents=True, exist_ok=True)
            for name in names:
                if name.partition("/")[0] != HOME:
                    _copy(self._path / name, into / name)
        except OSError as error:
            if into.is_dir():
                empty_directory(into)
            raise Unavailable(
                f"{error.filename or into} cannot be copied: {error.strerror}",
                hint="make it readable, and see that the disk has room",
            ) from error
        return revision

    def _describe(self, repository: Repository | None) -> Revision:
        if repository is None or repository.is_empty():
            return Revision(id="", url=str(self._path.resolve()))
        return repository.describe()


def _walk(directory: Path, below: str, without: Path) -> Iterator[str]:
    for entry in sorted(os.scandir(directory / below), key=lambda entry: entry.name):
        name = f"{below}/{entry.name}" if below else entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield name
        elif Path(entry.path).resolve() != without and entry.name != HOME:
            yield name
            yield from _walk(directory, name, without)


def _copy(source: Path, target: Path) -> None:
    try:
        status = source.lstat()
    except FileNotFoundError:
        return  # somebody removed it meanwhile: then it is not part of the tree
    target.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISDIR(status.st_mode):
        target.mkdir(exist_ok=True)
    elif stat.S_ISREG(status.st_mode):
        _copy_bytes(source, target)
        target.chmod(stat.S_IMODE(status.st_mode) & 0o777)
        # make and its like compare times
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    # pipes, sockets and devices are not files of a source


def _copy_bytes(source: Path, target: Path) -> None:
    copy_range = getattr(os, "copy_file_range", None)
    if copy_range is None:
        shutil.copyfile(source, target)
        return
    with source.open("rb") as file, target.open("wb") as out:
        try:
            # Shares the blocks where the file system can, and stays inside the kernel elsewhere.
            while copy_range(file.fileno(), out.fileno(), _AT_ONCE):
                pass
        except OSError:
            # Refused between some file systems, and for files that the kernel makes up.
            file.seek(0)
            out.seek(0)
            out.truncate()
            shutil.copyfileobj(file, out)
