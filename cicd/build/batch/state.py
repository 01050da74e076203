"""What is known of a batch: the fold of its events, and the steps of folding. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.build.batch.commands import BatchCommand
from cicd.build.state import StatusType
from cicd.engine.process import OutcomeStatus
from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.engine.process import Outcome


class BatchPhaseType(StrEnum):
    """Every phase of a batch, the last three being its end. Source: ``BuildBatchPhaseType``."""

    SUBMITTED = "SUBMITTED"
    DOWNLOAD_BATCHSPEC = "DOWNLOAD_BATCHSPEC"
    IN_PROGRESS = "IN_PROGRESS"
    COMBINE_ARTIFACTS = "COMBINE_ARTIFACTS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPhase:
    """What is known of one phase."""

    phase: BatchPhaseType
    started: datetime
    ended: datetime | None = None
    status: StatusType = StatusType.IN_PROGRESS
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """What is known of a build of the batch that has begun."""

    status: StatusType = StatusType.IN_PROGRESS
    started: datetime
    ended: datetime | None = None
    message: str = ""  # why it could not be run at all
    hint: str = ""
    build_id: str = ""  # of the last build, if it was started again by itself
    primary: str = ""  # digest of its primary artifact
    detail: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """The fold of a batch's events."""

    phases: tuple[BatchPhase, ...] = ()  # the last one may be open
    nodes: Mapping[str, NodeRecord] = field(default_factory=lambda: MappingProxyType({}))
    running: tuple[BatchCommand, ...] = ()
    stop: str | None = None  # why somebody wants it to end
    status: StatusType = StatusType.IN_PROGRESS  # the final one, once concluded
    combined: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def open(self) -> BatchPhase | None:
        """The phase that is under way."""
        last = self.phases[-1] if self.phases else None
        return last if last is not None and last.ended is None else None


def final_status(state: BatchState) -> StatusType:
    """Give the batch's status: the strongest of its phases'."""
    found = {phase.status for phase in state.phases}
    strongest = (
        StatusType.TIMED_OUT,
        StatusType.STOPPED,
        StatusType.FAULT,
        StatusType.FAILED,
    )
    return next((status for status in strongest if status in found), StatusType.SUCCEEDED)


def enter(state: BatchState, phase: BatchPhaseType, at: datetime) -> BatchState:
    """Open a phase."""
    return replace(state, phases=(*state.phases, BatchPhase(phase=phase, started=at)))


def close(
    state: BatchState, at: datetime, status: StatusType, code: str = "", message: str = ""
) -> BatchState:
    """End the open phase."""
    last = replace(state.phases[-1], ended=at, status=status, code=code, message=message)
    return replace(state, phases=(*state.phases[:-1], last))


def with_node(state: BatchState, identifier: str, record: NodeRecord) -> BatchState:
    """Note what is known of one build now."""
    return replace(state, nodes=MappingProxyType({**state.nodes, identifier: record}))


def ended(record: NodeRecord, outcome: Outcome, at: datetime) -> NodeRecord:
    """Note how a build ended."""
    detail = outcome.detail
    return replace(
        record,
        status=_status(outcome),
        ended=at,
        message=str(detail.get("message", "")),
        hint=str(detail.get("hint", "")),
        build_id=str(detail.get("buildId", "")),
        primary=str(detail.get("primary", "")),
        detail=detail,
    )


def _status(outcome: Outcome) -> StatusType:
    said = outcome.detail.get("buildStatus")
    if isinstance(said, str):
        return StatusType(said)
    return {
        OutcomeStatus.DONE: StatusType.SUCCEEDED,
        OutcomeStatus.FAILED: StatusType.FAILED,
        OutcomeStatus.CANCELLED: StatusType.STOPPED,
    }.get(outcome.status, StatusType.FAULT)
