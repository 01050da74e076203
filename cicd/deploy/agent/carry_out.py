"""Carries out single instructions of Install, and removals of Cleanup, on an instance's disk."""

from __future__ import annotations

import errno
import grp
import os
import posixpath
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.instructions import Chmod, Chown, Copy, Mkdir, Semanage, SetFacl
from cicd.deploy.appspec.acl import full_list
from cicd.deploy.spec import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.deploy.agent.instance import InstanceDisk
    from cicd.deploy.agent.instructions import Instruction

_BLOCK: Final = 1024 * 1024  # bytes
_SAFELY: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not hold us up


def carry_out(
    instruction: Instruction,
    disk: InstanceDisk,
    *,
    record: Callable[[str], None],
    notice: Callable[[str], None],
) -> None:
    """
    Do one thing.

    Args:
        instruction: What.
        disk: Where.
        record: Called with each path that a later cleanup must remove: of a copy before, of a
            directory after it was made.
        notice: Called with words about what this machine cannot do.

    Raises:
        AgentFault: It could not be done.
    """
    try:
        match instruction:
            case Mkdir():
                place = disk.at(instruction.directory)
                with disk.held(place.parent) as home:
                    os.mkdir(place.name, dir_fd=home)
                record(instruction.directory)
            case Copy():
                record(instruction.destination)
                _copy(instruction, disk)
            case Chmod():
                with disk.pinned(disk.followed(instruction.file)) as name:
                    Path(name).chmod(int(instruction.mode, 8))
            case SetFacl():
                _set_facl(instruction, disk)
            case Semanage():
                notice(f"SELinux labels are not set here: {instruction.file} keeps its own")
            case Chown():
                _chown(instruction, disk, notice)
    except OSError as reason:
        raise AgentFault(f"{reason.strerror} - {subject(instruction)}") from reason


def remove(path: str, disk: InstanceDisk) -> None:
    """Remove a file, a link, or a directory that is empty; what is not there is passed over."""
    parent = disk.directory(posixpath.dirname(path))
    place = disk.at(path) if parent is None else Path(parent, posixpath.basename(path))
    try:
        with disk.held(place.parent) as home:
            try:
                os.unlink(place.name, dir_fd=home)
            except (IsADirectoryError, PermissionError):
                # macOS says the second of a directory, too.
                if not place.is_dir() or place.is_symlink():
                    raise
                disk.forget(path)
                os.rmdir(place.name, dir_fd=home)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as reason:
        if reason.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise AgentFault(f"{reason.strerror} - {path}") from reason


def subject(instruction: Instruction) -> str:
    """Give the path that an instruction is about."""
    match instruction:
        case Mkdir():
            return instruction.directory
        case Copy():
            return instruction.destination
        case _:
            return instruction.file


def pour(reading: int, writing: int, size: int) -> None:
    """Copy what a regular file of about ``size`` bytes holds into another one."""
    most = min(size + 1, _BLOCK)
    while block := os.read(reading, most):
        view = memoryview(block)
        while view:
            view = view[os.write(writing, view) :]
        if len(block) < most:
            return  # of a regular file that is all: most are small, and are read but once


def _copy(copy: Copy, disk: InstanceDisk) -> None:
    source = disk.at(copy.source)
    if source.is_symlink():
        # With something in its place this fails, also under OVERWRITE: the agent's known flaw.
        destination = disk.at(copy.destination)
        with disk.held(destination.parent) as home:
            os.symlink(source.readlink(), destination.name, dir_fd=home)
        return
    if not source.exists():
        raise AgentFault(f"No such file or directory @ rb_sysopen - {copy.source}")
    if not source.is_file():
        raise AgentFault(f"{copy.source} is neither a file, a directory nor a link")
    # Through a link, even a dangling one; into a directory of that name.
    destination = disk.followed(copy.destination)
    if destination.is_dir():
        destination /= source.name
    with disk.held(source.parent) as home:
        reading = os.open(source.name, os.O_RDONLY | _SAFELY, dir_fd=home)
    try:
        writing = _opened(destination, disk, copy)
        try:
            status = os.fstat(reading)
            os.ftruncate(writing, 0)
            pour(reading, writing, status.st_size)
            if os.geteuid() == 0:
                os.fchown(writing, status.st_uid, status.st_gid)
            os.fchmod(writing, status.st_mode & 0o7777)
            os.utime(writing, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _opened(destination: Path, disk: InstanceDisk, copy: Copy) -> int:
    """Open a file to be written anew; its content is as it was."""
    flags = os.O_WRONLY | os.O_CREAT | _SAFELY
    # A pipe would be waited for, and a device that a container has made is this machine's: not
    # even to be opened, and not to be written should it come in between.
    refused = f"{copy.destination} is a pipe, a socket or a device, and is not written"
    if destination.exists():
        if not destination.is_file():
            raise AgentFault(refused)
        if not os.access(destination, os.W_OK):
            with disk.pinned(destination) as name:
                Path(name).chmod(0o600)
    with disk.held(destination.parent) as home:
        writing = os.open(destination.name, flags, 0o666, dir_fd=home)
    if not stat.S_ISREG(os.fstat(writing).st_mode):
        os.close(writing)
        raise AgentFault(refused)
    return writing


def _chown(chown: Chown, disk: InstanceDisk, notice: Callable[[str], None]) -> None:
    uid = _user(chown.owner, disk) if chown.owner is not None else -1
    gid = _group(chown.group, disk) if chown.group is not None else -1
    place = disk.followed(chown.file)
    try:
        with disk.pinned(place) as name:
            os.chown(name, uid, gid)
    except PermissionError:
        if os.geteuid() == 0:
            raise
        wanted = f"{chown.owner or ''}{f':{chown.group}' if chown.group else ''}"
        notice(f"only root may give files away: {chown.file} does not become {wanted}'s")


def _user(name: str, disk: InstanceDisk) -> int:
    number = _number(disk.followed("/etc/passwd"), name)
    if number is not None:
        return number
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise AgentFault(f"can't find user for {name}") from None


def _group(name: str, disk: InstanceDisk) -> int:
    number = _number(disk.followed("/etc/group"), name)
    if number is not None:
        return number
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise AgentFault(f"can't find group for {name}") from None


def _number(database: Path, name: str) -> int | None:
    """Look a name up in the instance's own /etc/passwd or /etc/group: hooks may add to them."""
    if not database.is_file():
        return None
    for line in database.read_text("utf-8", errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdigit():
            return int(fields[2])
    return None


def _set_facl(instruction: SetFacl, disk: InstanceDisk) -> None:
    place = disk.followed(instruction.file)
    acl = ",".join(full_list(instruction.acl, place.stat().st_mode))
    command = f"setfacl --set {acl} {instruction.file}"
    if shutil.which("setfacl") is None:
        raise AgentFault(
            f"{PREFIX} this machine has no setfacl, which 'acls' needs; install the package "
            f"'acl', or leave 'acls' out. Command: {command}"
        )
    with disk.pinned(place) as name:
        done = subprocess.run(
            ["setfacl", "--set", acl, name], capture_output=True, check=False, text=True
        )
    if done.returncode != 0:
        raise AgentFault(
            f"{PREFIX} of a problem with the acls permission settings in the application "
            f"specification file for this object: {instruction.file}. Failed command: {command}. "
            f"Exit code: {done.returncode} {done.stderr.strip()}"
        )
