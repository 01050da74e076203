"""The seam to an instance of a deployment: files and hooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.ports.cancel import CancelToken


class TargetKind(StrEnum):
    """What a deployment's target is."""

    DIRECTORY = "DIRECTORY"
    CONTAINER = "CONTAINER"
    MACHINE = "MACHINE"  # the one we run on
    FUNCTION = "FUNCTION"  # of Lambda: an alias
    SERVICE = "SERVICE"  # of ECS: its task sets are the task sets' port's


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """An instance of a deployment group, as ``cicd.yml`` or ``--instance`` names it."""

    id: str
    kind: TargetKind = TargetKind.DIRECTORY
    location: str  # the absolute path of the instance's root; CONTAINER: its name
    variables: tuple[tuple[str, str], ...] = ()  # only here: a port, say
    endpoint: str | None = None  # where it serves, to be shown to people
    zone: str = ""  # its availability zone, which zonal configurations go by
    fleet: str = ""  # the fleet that made it, if one did


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedInstance:
    """A container that may be an instance; its labels are its tags."""

    name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """A hook script to be run on an instance."""

    script: str  # absolute path on the instance's own file system view, see InstanceTarget.inside
    runas: str | None
    timeout: timedelta
    variables: Mapping[str, str]


class HookFailure(StrEnum):
    """Why a hook did not succeed, as the agent tells them apart."""

    TIMED_OUT = "TIMED_OUT"
    EXIT = "EXIT"  # exit status other than 0, or a signal
    CANNOT_EXECUTE = "CANNOT_EXECUTE"
    STDOUT_OPEN = "STDOUT_OPEN"
    STDERR_OPEN = "STDERR_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookExit:
    """How a hook ended. ``failure`` None: it succeeded."""

    failure: HookFailure | None = None
    status: int | None = None  # the exit status; None after a signal
    message: str = ""  # for CANNOT_EXECUTE: the system's words


class InstanceTarget(Protocol):
    """
    One instance: a place with a file system of its own, in which hooks run.

    ``path`` maps an absolute path of the instance to this machine's;
    the agent's own state lives below ``agent_root`` (a path of this machine).
    """

    id: str
    agent_root: Path

    def check(self) -> None:
        """Raise ``Unavailable`` when the instance cannot be used."""

    def skew(self) -> timedelta:
        """Say how far the instance's clock is ahead of this machine's; behind is below zero."""

    def path(self, inside: str) -> Path:
        """Say where an absolute path of the instance is on this machine; never outside it."""

    def inside(self, path: Path) -> str:
        """Say how a hook would name a path of this machine below the instance's root."""

    def run_hook(
        self, hook: HookRun, *, output: Callable[[str, str], None], cancel: CancelToken
    ) -> HookExit:
        """Run one script to its end. ``output`` gets ("stdout" | "stderr", line)."""

    def terminate(self) -> None:
        """End the instance: none of its processes runs any more. Safe twice; raises
        ``Unavailable`` when it cannot be done."""
