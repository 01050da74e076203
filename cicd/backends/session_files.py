"""Files of a session that are files of this machine."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cicd.backends.session_mounts import lay_over
from cicd.errors import UsageError
from cicd.ports import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class MachineFiles:
    """Reached directly: a path inside is the same path here."""

    def files(self, directory: str, *, depth: int | None = None) -> Iterator[FileEntry]:
        """See ``ports.Session``."""
        if not Path(directory).is_dir():
            raise UsageError(f"'{directory}' is not a directory")
        return iter(sorted(_listing(directory, depth), key=lambda entry: entry.path))

    def copy_in(self, source: Path, destination: str) -> None:
        """See ``ports.Session``."""
        if source.is_dir():
            Path(destination).mkdir(parents=True, exist_ok=True)
            lay_over(source, Path(destination))
        else:
            Path(destination).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, destination)

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """See ``ports.Session``."""
        for path in paths:
            check_inside(path)
            source, target = Path(directory, path), destination / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if _loops(source):
                raise UsageError(
                    f"'{path}' is a link to a directory that it lies in itself",
                    hint="leave it out of the artifact with exclude-paths",
                )
            if source.is_dir():
                shutil.copytree(source, target, ignore=_not_copied, dirs_exist_ok=True)
            elif source.is_file():
                shutil.copy2(source, target)
            elif source.exists():
                raise UsageError(f"'{path}' in '{directory}' is neither a file nor a directory")
            else:
                raise UsageError(f"there is no '{path}' in '{directory}'")


def check_inside(path: str) -> None:
    """Refuse a path that is absolute or climbs out; raises ``UsageError``."""
    if not path or path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise UsageError(f"'{path}' is not a path below the directory")


def _not_copied(directory: str, names: list[str]) -> list[str]:
    """Name what following the links of a directory must not reach: loops, pipes, devices."""
    paths = {name: Path(directory, name) for name in names}
    return [
        n for n, path in paths.items() if _loops(path) or not (path.is_file() or path.is_dir())
    ]


def _loops(path: Path) -> bool:
    """Tell a link to a directory around it, which has no end when links are followed."""
    return (
        path.is_symlink()
        and path.is_dir()
        and path.parent.resolve().is_relative_to(path.resolve())
    )


def _listing(directory: str, depth: int | None) -> Iterator[FileEntry]:
    waiting = [("", directory, depth)]
    while waiting:
        prefix, current, left = waiting.pop()
        # A process that a build has left running may remove what is being listed.
        with suppress(FileNotFoundError), os.scandir(current) as entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if left != 1:
                        waiting.append((f"{path}/", entry.path, left and left - 1))
                elif entry.is_symlink() or entry.is_file():
                    with suppress(FileNotFoundError):
                        yield _entry(path, entry)


def _entry(path: str, entry: os.DirEntry[str]) -> FileEntry:
    status = entry.stat(follow_symlinks=False)
    link = str(Path(entry.path).readlink()) if entry.is_symlink() else None
    return FileEntry(
        path=path,
        mode=stat.S_IMODE(status.st_mode),
        size=status.st_size,
        link=link,
        broken=link is not None and not _leads(entry.path),
    )


def _leads(path: str) -> bool:
    """Tell whether a path is, or leads to, a file or a directory: not round, and to no device."""
    return os.path.isfile(path) or os.path.isdir(path)  # noqa: PTH112, PTH113 - Path lets loops out
