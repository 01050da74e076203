"""What is known of a build: the fold of its events, and the steps of folding. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.build.commands import (
    BuildCommand,
    DiscoverReports,
    Finalize,
    NewProducts,
    Pause,
    ReadReport,
    UploadArtifacts,
)
from cicd.build.environment_variable import Variable
from cicd.build.plan import CommandLine, PhasePlan
from cicd.build.spec import PhaseType
from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.engine.process import Outcome


class StatusType(StrEnum):
    """Of a phase and of a build. Source: CodeBuild API, ``StatusType``."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    FAULT = "FAULT"
    TIMED_OUT = "TIMED_OUT"
    IN_PROGRESS = "IN_PROGRESS"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRecord:
    """What is known of one phase."""

    phase: PhaseType
    started: datetime
    ended: datetime | None = None
    status: StatusType = StatusType.IN_PROGRESS
    code: str = ""
    message: str = ""
    hint: str = ""
    command: CommandLine | None = None  # the one that failed
    pattern: CommandLine | None = None  # the one that took no file
    key: str = ""  # its key, which is the origin of its lines in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEnvironment:
    """What ``env`` of a buildspec says that was read again, under what has the last word."""

    variables: tuple[Variable, ...]
    exported_variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewind:
    """What the signal "retry" asks for."""

    phase: PhaseType
    index: int  # of the command, in ``commands``, then ``finally``, from 0
    phases: tuple[PhasePlan, ...]  # as they are now; what was done was done by the old ones
    environment: NewEnvironment | None = None  # None: it is what it was
    products: NewProducts | None = None  # None: they are what they were


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildState:
    """The fold of a build's events."""

    phases: tuple[PhaseRecord, ...] = ()  # the last one may be open
    step: int = 0  # how many steps of the open phase are done or skipped
    running: BuildCommand | None = None
    stop: str | None = None  # why somebody wants it to end
    status: StatusType = StatusType.IN_PROGRESS  # the final one, once concluded
    artifacts: tuple[Mapping[str, JSON], ...] = ()
    reports: tuple[Mapping[str, JSON], ...] = ()
    exported: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    masked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    # Debugging:
    halt: Pause | None = None  # to be waited at next
    passed: str = ""  # the key of the last wait that is over
    inside: str = ""  # the key of a command that waits at a breakpoint of its own
    rewind: Rewind | None = None  # where to go back to, once what runs has ended
    anew: tuple[PhasePlan, ...] = ()  # the phases as they were read when it went back
    environment: NewEnvironment | None = None  # as it was read then, if it had changed
    products: NewProducts | None = None  # as they were read then, if they had changed
    unset: bool = False  # and nothing has been done by either yet
    attempt: int = 1  # how often it went back, plus one

    @property
    def paused(self) -> bool:
        """Whether it waits for somebody to look at it."""
        running = self.running
        return isinstance(running, Pause) or (running is not None and running.key == self.inside)

    @property
    def open(self) -> PhaseRecord | None:
        """The phase that is under way."""
        last = self.phases[-1] if self.phases else None
        return last if last is not None and last.ended is None else None

    @property
    def succeeding(self) -> bool:
        """CODEBUILD_BUILD_SUCCEEDING: whether no phase has failed, the open one included."""
        return all(
            p.status in {StatusType.SUCCEEDED, StatusType.IN_PROGRESS} and not p.code
            for p in self.phases
        )

    def phase(self, phase: PhaseType) -> PhaseRecord | None:
        """Give the record of one phase, if it was entered."""
        return next((p for p in self.phases if p.phase is phase), None)


def final_status(state: BuildState) -> StatusType:
    """
    Give the build's status: the strongest of its phases'.

    Source: user guide, "Build phase transitions"; a failed BUILD stays failed whatever
    POST_BUILD does, and a phase that failed with CONTINUE does, too.
    """
    found = {p.status for p in state.phases}
    for status in (
        StatusType.TIMED_OUT,
        StatusType.STOPPED,
        StatusType.FAULT,
        StatusType.FAILED,
    ):
        if status in found:
            return status
    return StatusType.SUCCEEDED


def close_phase(
    state: BuildState, at: datetime, status: StatusType, code: str = "", message: str = ""
) -> BuildState:
    """End the open phase; what was noted on it before stays."""
    last = state.phases[-1]
    last = replace(
        last, ended=at, status=status, code=code or last.code, message=message or last.message
    )
    return replace(state, phases=(*state.phases[:-1], last))


def enter_phase(state: BuildState, phase: PhaseType, at: datetime) -> BuildState:
    """Open a phase, none of whose steps is done."""
    record = PhaseRecord(phase=phase, started=at)
    return replace(state, phases=(*state.phases, record), step=0)


def keep(state: BuildState, command: BuildCommand, outcome: Outcome) -> BuildState:
    """Keep what an outcome brings beside its status."""
    detail = outcome.detail
    match command:
        case UploadArtifacts():
            return replace(state, artifacts=_mappings(detail.get("artifacts")))
        case ReadReport():
            return replace(state, reports=(*state.reports, *_mappings([detail.get("report")])))
        case DiscoverReports():
            found = _mappings(detail.get("reports"))
            return replace(state, reports=(*state.reports, *found))
        case Finalize():
            exported = {
                str(pair["name"]): str(pair["value"]) for pair in _mappings(detail.get("exported"))
            }
            return replace(state, exported=MappingProxyType(exported))
    return state


def mask(state: BuildState, outcome: Outcome) -> BuildState:
    """Keep how the commands are shown in which somebody has written a secret."""
    masked = outcome.detail.get("masked")
    if not isinstance(masked, Mapping):
        return state
    shown = {text: str(words) for text, words in masked.items()}
    return replace(state, masked=MappingProxyType({**state.masked, **shown}))


def moves(before: BuildState, after: BuildState) -> Iterator[tuple[bool, PhaseRecord]]:
    """Give (entered?, record) for each phase that was entered or completed, in order."""
    for index, record in enumerate(after.phases):
        if record.phase is PhaseType.COMPLETED:
            continue
        is_new = index >= len(before.phases)
        if is_new:
            yield True, record
        if record.ended is not None and (is_new or before.phases[index].ended is None):
            yield False, record


def _mappings(value: JSON) -> tuple[Mapping[str, JSON], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, Mapping))
