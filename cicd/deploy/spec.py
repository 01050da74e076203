"""AppSpec of a server: what the document says, and what the agent would say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cicd.deploy.appspec import scalars
from cicd.deploy.appspec.acl import AclEntry
from cicd.deploy.appspec.context import Context
from cicd.document.node import NodeKind
from cicd.document.position import Span
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.node import Node

DEFAULT_NAME: Final = "appspec.yml"
WINDOWS: Final = "windows"
DEFAULT_TIMEOUT: Final = timedelta(seconds=3600)
PREFIX: Final = "The deployment failed because"


class FileExistsBehavior(StrEnum):
    """What Install does about a file that is there and was not put there by this group."""

    DISALLOW = "DISALLOW"
    OVERWRITE = "OVERWRITE"
    RETAIN = "RETAIN"


class ComputePlatform(StrEnum):
    """What an AppSpec deploys to."""

    SERVER = "Server"
    ECS = "ECS"
    LAMBDA = "Lambda"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """One entry of ``files``. ``destination`` is always a directory."""

    source: str
    destination: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class HookScript:
    """One script of a lifecycle event. ``timeout`` is for this script alone."""

    location: str  # as written, blanks around it taken off
    timeout: timedelta = DEFAULT_TIMEOUT
    timeout_given: bool = False
    runas: str | None = None
    sudo: bool = False
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One entry of ``permissions``. ``mode`` holds one to four octal digits, padded to three."""

    object: str
    pattern: str = "**"
    exclude: tuple[str, ...] = ()  # the key is "except"
    owner: str | None = None
    group: str | None = None
    mode: str | None = None
    acls: tuple[AclEntry, ...] | None = None
    context: Context | None = None
    type: tuple[str, ...] = ("file", "directory")
    type_given: bool = False
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSpec:
    """
    An AppSpec of a server.

    ``fault`` is what the agent says when it reads this file during a deployment:
    the first thing that is wrong, in the order it checks; None: it takes it.
    """

    os: str = ""  # as written
    files: tuple[FileMapping, ...] = ()
    hooks: Mapping[str, tuple[HookScript, ...]] = field(default_factory=dict)
    permissions: tuple[Permission, ...] = ()
    file_exists_behavior: FileExistsBehavior | None = None
    fault: str | None = None
    span: Span


def compute_platform(node: Node) -> ComputePlatform:
    """Tell what a document deploys to, by its ``Resources``, or its list of ``Hooks``."""
    if node.kind is NodeKind.MAPPING:
        for key, entry in node.entries.items():
            if key.lower() == "resources":
                return _platform_of(entry.value)
        hooks = next((e.value for k, e in node.entries.items() if k.lower() == "hooks"), None)
        if hooks is not None and hooks.items and not {"os", "files"} & set(node.entries):
            events = {event for item in hooks.items for event in item.entries}
            later = events <= {"BeforeAllowTraffic", "AfterAllowTraffic"}
            return ComputePlatform.LAMBDA if later else ComputePlatform.ECS
    return ComputePlatform.SERVER


def _platform_of(resources: Node) -> ComputePlatform:
    listed = resources.items or (resources,)  # a mapping has lost its dash
    for resource in listed:
        for name, entry in resource.entries.items():
            kinds = [e.value.text for k, e in entry.value.entries.items() if k.lower() == "type"]
            if name == "TargetService" or "AWS::ECS::Service" in kinds:
                return ComputePlatform.ECS
    functions = any(resource.entries for resource in listed)
    return ComputePlatform.LAMBDA if functions else ComputePlatform.SERVER


def is_string(node: Node) -> bool:
    """Tell whether a scalar is text to the agent, and not a number or a boolean."""
    return (
        node.kind is NodeKind.SCALAR
        and scalars.integer(node) is None
        and not scalars.is_boolean(node)
    )
