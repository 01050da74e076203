"""What Install does, an instruction at a time; and the files the agent keeps them in. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from cicd.deploy.appspec.acl import AclEntry
from cicd.deploy.appspec.context import Context
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.event import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Mkdir:
    """Make one directory."""

    directory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Copy one file, or make a link again."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chmod:
    """Set the permission bits."""

    mode: str  # octal digits
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacl:
    """Set the access control list."""

    acl: tuple[AclEntry, ...]
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Semanage:
    """Set the SELinux label."""

    context: Context
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chown:
    """Set owner, group or both; None leaves one alone."""

    owner: str | None
    group: str | None
    file: str


Instruction: TypeAlias = Mkdir | Copy | Chmod | SetFacl | Semanage | Chown


def install_json(instructions: Sequence[Instruction]) -> str:
    """Give the text of ``<group id>-install.json``."""
    listed = [_as_json(instruction) for instruction in instructions]
    return json.dumps({"instructions": listed}, separators=(",", ":"), ensure_ascii=False)


def _as_json(instruction: Instruction) -> JSON:
    match instruction:
        case Mkdir():
            return {"type": "mkdir", "directory": instruction.directory}
        case Copy():
            return {
                "type": "copy",
                "source": instruction.source,
                "destination": instruction.destination,
            }
        case Chmod():
            return {"type": "chmod", "mode": instruction.mode, "file": instruction.file}
        case SetFacl():
            acl = [str(entry) for entry in instruction.acl]
            return {"type": "setfacl", "acl": acl, "file": instruction.file}
        case Semanage():
            label = instruction.context
            context: JSON = {
                "user": label.user,
                "role": None,
                "type": label.type,
                "range": label.range,
            }
            return {"type": "semanage", "context": context, "file": instruction.file}
        case Chown():
            return {
                "type": "chown",
                "owner": instruction.owner,
                "group": instruction.group,
                "file": instruction.file,
            }


def cleanup_order(text: str) -> tuple[str, ...]:
    """
    Read a ``<group id>-cleanup``: what to remove, in that order.

    An unterminated last line was never acted upon and is dropped.
    """
    lines = text.split("\n")[:-1]
    return tuple(line.strip() for line in reversed(lines) if not line.startswith("semanage\0"))
