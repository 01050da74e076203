"""A restart's archive: what the instance has unpacked already, once more."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import IO, TYPE_CHECKING

from cicd.deploy.agent.entries import Entry
from cicd.deploy.agent.fault import AgentFault
from cicd.engine.zip_entries import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.deploy.agent.held import Held


def entries_of(archive: Path, held: Held) -> Iterator[Entry]:
    """
    Give what an archive holds that was unpacked, as it is: also what a script has changed in it.

    A file can be opened until the next entry is asked for. Raises ``AgentFault`` for a pipe, a
    socket or a device.
    """
    with held.readable(archive) as top:
        for above, directories, files, number in os.fwalk(dir_fd=top):
            for name in sorted((*directories, *files)):
                path = f"{above}/{name}".removeprefix("./")
                yield _entry(path, name, number)


def _entry(path: str, name: str, number: int) -> Entry:
    status = os.stat(name, dir_fd=number, follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode)
    match stat.S_IFMT(status.st_mode):
        case stat.S_IFDIR:
            return Entry(path=path, kind=EntryKind.DIRECTORY, mode=mode)
        case stat.S_IFLNK:
            return Entry(path=path, kind=EntryKind.LINK, link=os.readlink(name, dir_fd=number))
        case stat.S_IFREG:
            return Entry(
                path=path,
                kind=EntryKind.FILE,
                mode=mode,
                modified=status.st_mtime_ns / 1e9,
                owner=("", "", status.st_uid, status.st_gid),
                open=partial(_opened, name, number),
            )
    raise AgentFault(f"'{path}' of the revision is a pipe, a socket or a device")


def _opened(name: str, number: int) -> IO[bytes]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.fdopen(os.open(name, flags, dir_fd=number), "rb")
