"""The seam to what people see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import Event
    from cicd.ports.logs import LogBlock, LogLine


class Level(StrEnum):
    """How much a described event matters."""

    DETAIL = "DETAIL"
    INFO = "INFO"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An event in words. ``text`` "" : nothing to say to people. ``detail``: EventBridge's."""

    text: str
    level: Level = Level.INFO
    detail: Mapping[str, JSON] = field(default_factory=dict)


class Reporter(Protocol):
    """Shows what happens. Called from several threads; orders itself."""

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Show what happened."""

    def line(self, stream: str, line: LogLine) -> None:
        """Show a line of output."""

    def block(self, stream: str, block: LogBlock) -> None:
        """Show many lines of output at once."""
