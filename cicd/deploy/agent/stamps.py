"""What files were when they were written: enough to tell later that nobody touched them since."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.deploy.agent.own_files import OwnFiles

Stamp: TypeAlias = tuple[int, int, int, int]
"""A file's number, size, and times of change, of its content and of anything, in nanoseconds."""
Stamped: TypeAlias = tuple[Stamp, str]
"""A stamp, and the digest of the content that the file has for as long as it is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of an archive that nobody touched since it was unpacked."""

    status: os.stat_result
    digest: str


def stamp_of(status: os.stat_result) -> Stamp | None:
    """Give a file's stamp; None: it is no regular file, or goes by several names."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def write_stamps(files: OwnFiles, place: Path, stamped: Mapping[str, Stamped]) -> None:
    """Keep stamps, by the paths of their files."""
    files.write(place, json.dumps(stamped, separators=(",", ":")))


def read_stamps(files: OwnFiles, place: Path) -> dict[str, Stamped]:
    """
    Read what was kept; nothing, where nothing was, or it cannot be read.

    A file that changed no earlier than its stamp was kept may have changed again at the same
    moment, and is left out.
    """
    with suppress(OSError, ValueError, TypeError, AttributeError):
        with os.fdopen(files.open(place, os.O_RDONLY), encoding="ascii") as file:
            kept = os.fstat(file.fileno()).st_mtime_ns
            read = json.load(file)
        return {
            name: ((number, size, modified, changed), digest)
            for name, ((number, size, modified, changed), digest) in read.items()
            if changed < kept
        }
    return {}
