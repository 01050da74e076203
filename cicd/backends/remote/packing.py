"""Trees of this machine, added to an archive as a container is to have them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable


def add_tree(
    archive: tarfile.TarFile,
    source: Path,
    name: str,
    *,
    unseen: frozenset[Path] = frozenset(),
    as_root: bool = False,
    note: Callable[[int], None] = lambda _: None,
) -> None:
    """
    Add a directory, or a file, under a name; owners, modes, moments and links as they are.

    Sockets, pipes and devices are left out.

    Args:
        archive: Open for writing.
        source: What is added.
        name: Its own name in there.
        unseen: What is left out, with all that is in it.
        as_root: It is to be root's.
        note: Told the bytes of each file that has been added.

    Raises:
        Unavailable: A file cannot be read, or has changed meanwhile.
    """
    waiting = [(source, name)]
    while waiting:
        path, inside = waiting.pop()
        try:
            size = _add(archive, path, inside, as_root=as_root)
            if path.is_dir() and not path.is_symlink():
                with os.scandir(path) as entries:
                    found = [(Path(entry.path), f"{inside}/{entry.name}") for entry in entries]
                waiting += sorted((one for one in found if one[0] not in unseen), reverse=True)
        except OSError as problem:
            words = problem.strerror or str(problem)  # "unexpected end of data" of one that shrank
            raise Unavailable(
                f"'{path}' cannot be sent to the engine: {words}",
                hint="look at its permissions, and whether something writes there",
            ) from None
        note(size)


def _add(archive: tarfile.TarFile, path: Path, inside: str, *, as_root: bool) -> int:
    entry = archive.gettarinfo(path, inside)
    # None: tarfile knows no sockets.
    if entry is None or not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
        return 0
    if as_root:
        entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""  # of this machine; the numbers count
    if not entry.isreg():
        archive.addfile(entry)
        return 0
    with path.open("rb") as file:
        archive.addfile(entry, file)
    return entry.size
