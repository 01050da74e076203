"""A window of targets out of service that slides over the fleet: a finished one frees its slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Protocol, TypeAlias

from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a deployment is: the ids of its targets, each in exactly one place."""

    waiting: tuple[str, ...] = ()  # in the order they are to be taken
    running: tuple[str, ...] = ()
    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    ended: Mapping[str, datetime] = field(default_factory=dict)  # when a target was through
    now: datetime | None = None  # None: whatever has to be waited for is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Begin with these targets now."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A running target must finish first; or, with ``until``, a time of monitoring must pass."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Every target was attempted; ``succeeded``: enough of them did."""

    succeeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """It cannot succeed any more: nothing new is taken. ``code`` is the deployment's."""

    code: str


Move: TypeAlias = Take | Wait | Done | Doomed


class Strategy(Protocol):
    """How a deployment proceeds. Pure."""

    @property
    def minimum(self) -> int:
        """How many targets must stay healthy."""

    def next(self, progress: Progress) -> Move:
        """Say what to do now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingWindow:
    """At most ``allowed`` targets are in flight or failed at any time; at least one succeeds."""

    minimum: int  # hosts that must stay healthy
    allowed: int  # hosts that may be out of service

    def next(self, progress: Progress) -> Move:
        """
        Take what the window has room for.

        The last target may be the one whose failure uses the window up.

        Source: CodeDeploy User Guide, "Instance health" and "Minimum healthy instances".
        """
        if self.allowed <= 0:
            return Doomed(code="HEALTH_CONSTRAINTS_INVALID")
        if progress.waiting:
            if len(progress.failed) >= self.allowed:
                return Doomed(code="HEALTH_CONSTRAINTS")
            room = self.allowed - len(progress.running) - len(progress.failed)
            return Take(targets=progress.waiting[:room]) if room > 0 else Wait()
        if progress.running:
            return Wait()
        return Done(succeeded=len(progress.succeeded) >= max(self.minimum, 1))
