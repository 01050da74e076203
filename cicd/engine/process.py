"""What a kind of execution must provide so that the one loop can drive it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from cicd.event import JSON, Event
from cicd.ports import CancelToken
from cicd.record import dataclass

S = TypeVar("S")


class OutcomeStatus(StrEnum):
    """How one command ended."""

    DONE = "DONE"
    FAILED = "FAILED"  # the user's command said no
    FAULT = "FAULT"  # we could not run it
    CANCELLED = "CANCELLED"  # it was asked to stop, and did
    LOST = "LOST"  # nobody was watching when it ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a worker brings back. ``reason`` of CANCELLED is the token's, such as "TIMED_OUT"."""

    status: OutcomeStatus
    detail: Mapping[str, JSON] = field(default_factory=dict)
    reason: str | None = None


class Command(Protocol):
    """
    One effect of a room's closed vocabulary: a frozen dataclass that ``engine.codec`` can write.

    ``key`` is unique within the execution and stable across a resume, such as "BUILD/2/1".
    """

    @property
    def key(self) -> str:
        """Name it within its execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Ask one running command to stop."""

    key: str
    reason: str  # "TIMED_OUT", "STOPPED", …


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What should happen next. An empty one means: wait."""

    start: tuple[Command, ...] = ()  # begin these now
    cancel: tuple[Cancel, ...] = ()  # ask these to stop; may be repeated freely
    wake_at: datetime | None = None  # ask again then, even if nothing happens
    conclude: str | None = None  # the final status; obeyed when nothing runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a command runs: its stream, and the token that may ask it to stop."""

    stream: str
    key: str
    cancel: CancelToken


class Process(Protocol[S]):
    """
    The rules of one kind of execution. Pure: same arguments, same answer, for ever.

    ``decide`` may be called at any time and any number of times;
    it starts only what the state does not already show as started.
    """

    def initial(self) -> S:
        """Give the state before the first event."""

    def apply(self, state: S, event: Event) -> S:
        """Fold one event into the state, without changing the old one."""

    def decide(self, state: S, now: datetime) -> Decision:
        """Say what comes next."""

    def in_flight(self, state: S) -> tuple[Command, ...]:
        """Give the commands that started and did not finish."""


class Effects(Protocol):
    """
    The hands of one kind of execution. Each call runs on a worker thread and may block.

    An exception out of ``perform`` or ``recover`` becomes a FAULT outcome.
    """

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Do it, and return once it is over or ``scope.cancel`` asked for the end."""

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Say what became of a command that a dead driver had started: rejoin, redo, or LOST."""

    def close(self) -> None:
        """Let go of everything held; safe twice; uses no cancelled token."""
