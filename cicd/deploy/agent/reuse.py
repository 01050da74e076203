"""A restart's archive: what the instance has unpacked already, once more."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.stamps import read_stamps, stamp_of, write_stamps

if TYPE_CHECKING:
    from cicd.deploy.agent.instance import Layout
    from cicd.deploy.agent.stamps import Stamped


def copy_archive(earlier: Path, layout: Layout) -> None:
    """
    Copy an earlier deployment's archive as it is, also what a script has changed in it.

    A copy, and not the archive itself: the earlier deployment's stays whole, to go back to.
    Raises ``AgentFault`` for what cannot be copied.
    """
    stamps = read_stamps(layout.unpacked)
    try:
        shutil.copytree(earlier, layout.archive, symlinks=True, copy_function=_copy)
    except shutil.Error as reason:
        place, _, why = reason.args[0][0]
        raise AgentFault(f"{why} - {place}") from reason
    bundle = earlier.with_name(layout.bundle.name)
    if bundle.exists():
        shutil.copy2(bundle, layout.bundle)
    write_stamps(layout.unpacked, _stamped(earlier, layout.archive, stamps))


def _copy(source: str, destination: str) -> None:
    shutil.copy2(source, destination, follow_symlinks=False)
    if os.geteuid() == 0:
        status = os.lstat(source)
        os.chown(destination, status.st_uid, status.st_gid, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            Path(destination).chmod(stat.S_IMODE(status.st_mode))


def _stamped(earlier: Path, archive: Path, stamps: dict[str, Stamped]) -> dict[str, Stamped]:
    """Give the stamps of the copies of files that nobody touched."""
    stamped: dict[str, Stamped] = {}
    for name, (stamp, digest) in stamps.items():
        try:
            untouched = stamp_of((earlier / name).lstat()) == stamp
            copied = stamp_of((archive / name).lstat())
        except OSError:
            continue
        if untouched and copied is not None:
            stamped[name] = copied, digest
    return stamped
