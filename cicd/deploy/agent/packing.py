"""A directory as a revision: which of its files belong to it, and the zip they are kept in."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.document.instances import is_instance
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a directory's top level: git's and ours, never a revision's.
_HIDDEN: Final = (".git", ".cicd")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # that a zip can say
_SMALL: Final = 1024 * 1024  # bytes that are read in one piece
_WORTH_IT: Final = 4096  # bytes from which deflating a file saves more than it costs


def pack_directory(directory: Path, into: Path, *, home: Path | None = None) -> None:
    """
    Pack a directory into the zip ``into``: everything, hidden and empty directories included.

    Only ``.git`` and ``.cicd`` at its top stay out, and, wherever they are, the state directory
    ``home`` and directories that are instances: earlier revisions are in them, so that each would
    hold all those before it. The same content gives the same bytes.
    """
    left_out = "" if home is None else os.path.relpath(home.resolve(), directory.resolve())
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, place, status in _walk(str(directory), "", left_out):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system = 3  # Unix: the mode is in the upper half of external_attr
            info.external_attr = status.st_mode << 16
            if stat.S_ISLNK(status.st_mode):
                archive.writestr(info, os.fsencode(Path(place).readlink()))
            elif stat.S_ISDIR(status.st_mode):
                info.filename += "/"
                archive.writestr(info, b"")
            elif stat.S_ISREG(status.st_mode):
                _pack_file(archive, info, place, status.st_size)
            else:
                raise UsageError(
                    f"'{place}' is neither a file, a directory nor a link",
                    hint="take sockets, pipes and devices out of the revision",
                )


def belongs(name: str) -> bool:
    """Tell whether a path of a directory is a revision's: all are, but for two at its top."""
    return name.partition("/")[0] not in _HIDDEN


def _pack_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str, size: int) -> None:
    if size >= _WORTH_IT:
        info.compress_type = zipfile.ZIP_DEFLATED
    if size <= _SMALL:
        archive.writestr(info, _content(place, size))
        return
    with Path(place).open("rb") as source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target, _SMALL)


def _content(place: str, size: int) -> bytes:
    number = os.open(place, os.O_RDONLY)
    try:
        read = []
        while block := os.read(number, size + 1):
            read.append(block)
        return b"".join(read)
    finally:
        os.close(number)


def _walk(directory: str, above: str, left_out: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """List what is below a directory and belongs to a revision, sorted, parents first."""
    with os.scandir(directory) as found:
        inside = sorted(found, key=lambda each: each.name)
    for each in inside:
        name = f"{above}{each.name}"
        if name == left_out or not belongs(name):
            continue
        inner = each.is_dir(follow_symlinks=False)
        if inner and is_instance(each.path):
            continue
        yield name, each.path, each.stat(follow_symlinks=False)
        if inner:
            yield from _walk(each.path, f"{name}/", left_out)
