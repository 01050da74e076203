"""From an AppSpec to what Install does: what is copied where, and what collides. Pure."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Final, Protocol

from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.instructions import Chmod, Chown, Copy, Mkdir, Semanage, SetFacl
from cicd.deploy.appspec.permissions import matches
from cicd.deploy.spec import PREFIX, FileExistsBehavior

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.deploy.agent.instructions import Instruction
    from cicd.deploy.spec import FileMapping, Permission

_DEEPEST: Final = 100  # a link to its own parent would go on for ever
_FILES: Final = "Update the files section of the AppSpec file, and then try again."


class Disk(Protocol):
    """What can be asked about absolute paths of an instance; links are followed inside it."""

    def exists(self, path: str) -> bool:
        """Tell whether something is there; a dangling link is nothing."""

    def is_directory(self, path: str) -> bool:
        """Tell whether a directory, or a link to one, is there."""

    def children(self, path: str) -> Sequence[tuple[str, bool]]:
        """Give the names in a directory, sorted, each with whether it is (a link to) one."""


def absolute(path: str) -> str:
    """Give a path of the instance in its one spelling; a relative one starts at "/"."""
    return posixpath.normpath("/" + path.lstrip("/"))


def above(path: str) -> str:
    """Give the directory that a path in its one spelling is in; thousands of them are asked."""
    return path[: path.rfind("/")] or "/"


def instructions_for(
    archive: str,
    files: Sequence[FileMapping],
    permissions: Sequence[Permission],
    behavior: FileExistsBehavior,
    disk: Disk,
) -> tuple[Instruction, ...]:
    """
    List what Install will do, against the disk as it is after the cleanup.

    Raises:
        AgentFault: Two entries collide, a file is in the way, a permission is given twice.

    Source: the agent's behaviour, "Install algorithm" and "Conflicts found before anything is
    copied".
    """
    builder = _Builder(behavior, disk)
    for mapping in files:
        source = absolute(f"{archive}/{mapping.source}")
        if source != archive and not source.startswith(archive + "/"):
            raise AgentFault(f"the source '{mapping.source}' leads out of the revision")
        destination = absolute(mapping.destination)
        if disk.is_directory(source):
            builder.make_ancestors(destination)
            builder.copy_directory(source, destination, depth=0)
        else:
            destination = posixpath.join(destination, posixpath.basename(source))
            builder.make_ancestors(destination)
            builder.copy_file(source, destination)
    for permission in permissions:
        builder.permit(permission)
    return tuple(builder.instructions)


class _Builder:
    """Collects instructions and refuses those that collide with earlier ones."""

    def __init__(self, behavior: FileExistsBehavior, disk: Disk) -> None:
        self.instructions: list[Instruction] = []
        self._behavior = behavior
        self._disk = disk
        self._copies: dict[str, str] = {}
        self._directories: dict[str, None] = {}
        self._permitted: set[str] = set()

    def make_ancestors(self, path: str) -> None:
        missing = []
        parent = posixpath.dirname(path)
        while parent != "/" and not self._disk.exists(parent):
            missing.append(parent)
            parent = posixpath.dirname(parent)
        for directory in reversed(missing):
            self._mkdir(directory)

    def copy_directory(self, source: str, destination: str, *, depth: int) -> None:
        if depth > _DEEPEST:
            raise AgentFault(f"the source '{source}' is nested too deeply; is a link in a circle?")
        if not self._is_there(destination):
            self._mkdir(destination)
        for name, is_directory in self._disk.children(source):
            inner = f"{source}/{name}"
            outer = posixpath.join(destination, name)
            if is_directory:
                self.copy_directory(inner, outer, depth=depth + 1)
            else:
                self.copy_file(inner, outer)

    def copy_file(self, source: str, destination: str) -> None:
        if self._is_there(destination):
            if self._behavior is FileExistsBehavior.DISALLOW:
                raise AgentFault(
                    f"{PREFIX} a specified file already exists at this location: {destination}"
                )
            if self._behavior is FileExistsBehavior.RETAIN:
                return
        if destination in self._copies:
            raise AgentFault(
                f"{PREFIX} the application specification file specifies two source files named "
                f"{source} and {self._copies[destination]} for the same destination "
                f"({destination}). Remove one of the source file paths from the AppSpec file, and "
                "then try again."
            )
        if destination in self._directories:
            raise AgentFault(
                f"{PREFIX} the application specification file calls for installing the file "
                f"{source}, but a file with that name already exists at the location "
                f"({destination}). Update your AppSpec file or directory structure, and then try "
                "again."
            )
        self._copies[destination] = source
        self.instructions.append(Copy(source=source, destination=destination))

    def _is_there(self, path: str) -> bool:
        """Tell whether the disk has it; below a directory that is yet to be made is nothing."""
        return above(path) not in self._directories and self._disk.exists(path)

    def _mkdir(self, directory: str) -> None:
        if directory in self._copies:
            raise AgentFault(
                f"{PREFIX} the application specification file includes an mkdir command more than "
                f"once for the same destination path ({directory}) from "
                f"({self._copies[directory]}). {_FILES}"
            )
        if directory not in self._directories:
            self._directories[directory] = None
            self.instructions.append(Mkdir(directory=directory))

    def permit(self, permission: Permission) -> None:
        subject = absolute(permission.object)
        if subject in self._copies:
            if "file" in permission.type:
                _check_single_file(permission)
                self._permit(subject, permission)
        elif subject in self._directories or self._disk.is_directory(subject):
            for path in self._below(permission):
                self._permit(path, permission)

    def _below(self, permission: Permission) -> Iterator[str]:
        if "file" in permission.type:
            for path in self._copies:
                if matches(permission, path):
                    _check_file_acl(permission)
                    yield path
        if "directory" in permission.type:
            yield from (path for path in self._directories if matches(permission, path))

    def _permit(self, path: str, permission: Permission) -> None:
        if path in self._permitted:
            raise AgentFault(
                f"{PREFIX} the permissions setting for ({path}) is specified more than once in "
                f"the application specification file. {_FILES}"
            )
        self._permitted.add(path)
        # This order is why chown takes a setuid bit away again.
        if permission.mode is not None:
            self.instructions.append(Chmod(mode=permission.mode, file=path))
        if permission.acls is not None:
            self.instructions.append(SetFacl(acl=permission.acls, file=path))
        if permission.context is not None:
            self.instructions.append(Semanage(context=permission.context, file=path))
        if permission.owner is not None or permission.group is not None:
            self.instructions.append(
                Chown(owner=permission.owner, group=permission.group, file=path)
            )


def _check_single_file(permission: Permission) -> None:
    if permission.pattern != "**":
        raise AgentFault(
            f"{PREFIX} the permissions section in the application specification file includes an "
            f"object ({permission.object}) with an invalid pattern ({permission.pattern}), such "
            "as a pattern for a file applied to a directory. Correct the permissions section of "
            "the AppSpec file, and then try again."
        )
    if permission.exclude:
        raise AgentFault(
            f"{PREFIX} the except parameter for a pattern in the permissions section "
            f"({json.dumps(permission.exclude)}) for the object named {permission.object} "
            "contains an invalid format. Update the AppSpec file, and then try again."
        )
    _check_file_acl(permission)


def _check_file_acl(permission: Permission) -> None:
    if any(entry.default for entry in permission.acls or ()):
        raise AgentFault(
            f"{PREFIX} the -d parameter has been specified to apply an acl setting to a file. "
            "This parameter is supported for directories only. Update the AppSpec file, and then "
            "try again."
        )
