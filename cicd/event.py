"""The one envelope everything that happens is written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from cicd.record import dataclass

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"


class EventKind(StrEnum):
    """Who may write which: see each member."""

    SUBMITTED = "SUBMITTED"  # here is the plan; by run.py, once
    STARTED = "STARTED"  # this command has begun; by the loop, before the worker starts
    FINISHED = "FINISHED"  # this is its outcome; by the loop, from the worker's return
    SIGNALLED = "SIGNALLED"  # somebody outside wants something; by any process
    CONCLUDED = "CONCLUDED"  # over, with this status; by the loop, once


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One thing that happened in one stream.

    ``data`` holds, by kind: ``{"plan": …}``, ``{"command": …}``, ``{"outcome": …}``,
    ``{"signal": name, …}``, ``{"status": …}``; all of it plain JSON.
    """

    kind: EventKind
    at: datetime  # aware, UTC
    key: str = ""  # the command's key; "" for the other kinds
    data: Mapping[str, JSON] = field(default_factory=dict)
