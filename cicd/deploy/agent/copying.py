"""The copies of Install, many at a time: whatever is plain is done with few calls."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.carry_out import carry_out, pour
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.install import above
from cicd.deploy.agent.instructions import Copy, Mkdir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cicd.deploy.agent.instance import InstanceDisk
    from cicd.deploy.agent.instructions import Instruction
    from cicd.deploy.agent.record import CleanupRecord
    from cicd.deploy.agent.standing import Standing

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not hold us up
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_TOGETHER: Final = 200  # copies that are recorded in one write
# What is not plain, and so not for here: a link, something in the way, nothing there.
_NOT_PLAIN: Final = (errno.ELOOP, errno.EEXIST, errno.ENOENT, errno.ENXIO, errno.EISDIR)


def carry_out_all(
    instructions: Sequence[Instruction],
    disk: InstanceDisk,
    *,
    record: CleanupRecord,
    standing: Standing,
    seen: dict[str, tuple[os.stat_result, os.stat_result]],
    notice: Callable[[str], None],
    together: bool,
) -> None:
    """
    Do what Install does, in order.

    Args:
        instructions: What.
        disk: Where.
        record: Is told of each path that a later cleanup must remove; of a copy before it is
            made, and of those that a failure leaves unmade not at all.
        standing: What need not be copied again.
        seen: Is given what each plain copy was made of and what it is, by its destination.
        notice: Called with words about what this machine cannot do.
        together: Whether copies may be recorded before their turn: nothing is in their place.

    Raises:
        AgentFault: Something could not be done; what was done before it stays.

    """
    most = _TOGETHER if together else 1
    for copies, others in _runs(instructions, most):
        for instruction in others:
            if isinstance(instruction, Mkdir) and standing.is_made(instruction):
                record.note(instruction.directory)
            else:
                carry_out(instruction, disk, record=record.note, notice=notice)
        if not copies:
            continue
        record.note_all([copy.destination for copy in copies])
        begun: list[str] = []
        try:
            with _opened(disk, copies[0]) as (source, destination):
                for copy in copies:
                    begun.append(copy.destination)
                    if standing.is_copied(copy, destination):
                        continue
                    made = _copied(copy, source, destination)
                    if made is None:
                        carry_out(copy, disk, record=_is_noted, notice=notice)
                    else:
                        seen[copy.destination] = made
        except BaseException as reason:
            record.take_back(begun)
            if isinstance(reason, OSError):
                at = copies[max(0, len(begun) - 1)].destination
                raise AgentFault(f"{reason.strerror} - {at}") from reason
            raise


@contextmanager
def _opened(disk: InstanceDisk, copy: Copy) -> Iterator[tuple[int | None, int | None]]:
    """Open the directories that a copy is from and to; None: there is none, or a link."""
    source = disk.directory(above(copy.source))
    destination = disk.directory(above(copy.destination))
    if source is None or destination is None:
        yield None, None
        return
    with disk.held(Path(source)) as one, disk.held(Path(destination)) as other:
        yield one, other


def _is_noted(path: str) -> None:
    """Record nothing: the path was recorded with its neighbours."""
    del path


def _runs(
    instructions: Sequence[Instruction], most: int
) -> Iterator[tuple[list[Copy], list[Instruction]]]:
    """Give copies between the same two directories, and all else, as they follow each other."""
    for places, group in groupby(instructions, _places):
        if places is None:
            yield [], list(group)
            continue
        copies = [each for each in group if isinstance(each, Copy)]
        for start in range(0, len(copies), most):
            yield copies[start : start + most], []


def _places(instruction: Instruction) -> tuple[str, str] | None:
    if not isinstance(instruction, Copy):
        return None
    return above(instruction.source), above(instruction.destination)


def _copied(
    copy: Copy, source: int | None, destination: int | None
) -> tuple[os.stat_result, os.stat_result] | None:
    """Copy a regular file to where nothing is; gives both. None: it is not as plain as that."""
    if source is None or destination is None:
        return None
    try:
        reading = os.open(posixpath.basename(copy.source), _READ, dir_fd=source)
    except OSError as reason:
        if reason.errno in _NOT_PLAIN:
            return None
        raise
    try:
        status = os.fstat(reading)
        if not stat.S_ISREG(status.st_mode):
            return None
        mode = stat.S_IMODE(status.st_mode)
        name = posixpath.basename(copy.destination)
        try:
            writing = os.open(name, _NEW, mode & 0o777, dir_fd=destination)
        except OSError as reason:
            if reason.errno in _NOT_PLAIN:
                return None
            raise
        try:
            pour(reading, writing, status.st_size)
            made = os.fstat(writing)
            owner = status.st_uid, status.st_gid
            if os.geteuid() == 0 and owner != (made.st_uid, made.st_gid):
                os.fchown(writing, *owner)
            if stat.S_IMODE(made.st_mode) != mode:
                os.fchmod(writing, mode)
            os.utime(writing, ns=(status.st_atime_ns, status.st_mtime_ns))
            return status, os.fstat(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
