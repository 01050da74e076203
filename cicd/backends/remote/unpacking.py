"""What comes out of a container: plain files and directories, and nothing that could escape."""

from __future__ import annotations

import os
import shutil
import tarfile
from typing import IO, TYPE_CHECKING, cast

from cicd.engine.archive import Allowance, clean_path
from cicd.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.backends.remote.archives import Incoming


def unpack(incoming: Incoming, name: str, destination: Path) -> None:
    """
    Unpack the archive of one directory, ``name``, at ``destination``, over what is there.

    What is written is ours, whoever's it was inside.
    Raises ``UsageError`` for an archive that holds anything else: whoever made the container
    may have made it.
    """
    allowance = Allowance(archive_size=0)
    destination.mkdir(exist_ok=True)
    directories = []
    with tarfile.open(fileobj=cast("IO[bytes]", incoming), mode="r|") as archive:
        for entry in archive:
            path = clean_path(entry.name)
            top, _, below = path.partition("/")
            if top != name or not (entry.isreg() or entry.isdir()) or entry.issparse():
                raise UsageError(
                    f"'{path}' came out of the container, and is no plain file that was asked for"
                )
            allowance.take(entry.size)
            allowance.archive_size = incoming.taken
            target = destination / below if below else destination
            if entry.isdir():
                target.mkdir(exist_ok=True)
                directories.append((target, entry.mode))
            else:
                target.unlink(missing_ok=True)
                with target.open("xb") as file:
                    shutil.copyfileobj(cast("IO[bytes]", archive.extractfile(entry)), file)
                target.chmod(entry.mode & 0o777)
                os.utime(target, (entry.mtime, entry.mtime))
    for target, mode in reversed(directories):
        target.chmod(mode & 0o777 | 0o700)
