"""A directory as a revision: which of its files belong to it, and the zip they are kept in."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a directory's top level: git's and ours, never a revision's.
_HIDDEN: Final = (".git", ".cicd")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # that a zip can say


def pack_directory(directory: Path, into: Path) -> None:
    """
    Pack a directory into the zip ``into``: everything, hidden and empty directories included.

    Only ``.git`` and ``.cicd`` at its top stay out. The same content gives the same bytes.
    """
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in walk(directory):
            status = path.lstat()
            name = path.relative_to(directory).as_posix()
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system = 3  # Unix: the mode is in the upper half of external_attr
            info.external_attr = status.st_mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            if stat.S_ISLNK(status.st_mode):
                archive.writestr(info, str(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                info.filename += "/"
                archive.writestr(info, b"")
            elif stat.S_ISREG(status.st_mode):
                with path.open("rb") as source, archive.open(info, "w") as target:
                    shutil.copyfileobj(source, target, 1024 * 1024)
            else:
                raise UsageError(
                    f"'{path}' is neither a file, a directory nor a link",
                    hint="take sockets, pipes and devices out of the revision",
                )


def walk(directory: Path) -> Iterator[Path]:
    """List what is below a directory and belongs to a revision, sorted, parents first."""
    for parent, directories, files in os.walk(directory):
        here = Path(parent)
        hidden = _HIDDEN if here == directory else ()
        directories[:] = sorted(name for name in directories if name not in hidden)
        inside = [*directories, *(name for name in files if name not in hidden)]
        yield from sorted(here / name for name in inside)
        directories[:] = [name for name in directories if not (here / name).is_symlink()]
