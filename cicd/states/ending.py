"""What a walk is told, and what it comes to: answers, and an end or what is waited for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TypeAlias

from cicd.event import JSON
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeFunction:
    """The one command of a machine: a function of this machine is invoked."""

    key: str  # "Charge/0": the state, with what is around it, and the attempt
    function: str  # a name or an ARN
    payload: JSON
    wrapped: bool  # whether the resource is lambda:invoke, whose answer has more than the payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a command."""

    at: datetime
    output: JSON = None
    error: str = ""  # "": it succeeded
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A machine that has succeeded."""

    at: datetime
    output: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A machine that has failed."""

    at: datetime
    error: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A machine that needs answers, or the time, to go on."""

    commands: tuple[InvokeFunction, ...] = ()
    until: datetime | None = None


Ending: TypeAlias = Done | Failed | Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is known: answers by key, when commands were started, and the time."""

    now: datetime
    answers: Mapping[str, Answer] = field(default_factory=dict)
    started: Mapping[str, datetime] = field(default_factory=dict)
    context: Mapping[str, JSON] = field(default_factory=dict)
