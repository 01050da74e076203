"""
Who may enter a stage, who waits in front of it, and who is superseded.

A pipeline has a stream of its own, ``pipeline-state/<name>``, of arrivals and departures.
Its order is the lock: what an arrival means follows from the fold of what came before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.pipeline.spec import ExecutionMode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.event import Event

ARRIVED = "arrived"
LEFT = "left"


class Admission(StrEnum):
    """What an execution in front of a stage is told."""

    ENTER = "ENTER"
    WAIT = "WAIT"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLock:
    """One stage: the execution inside, and those in front of it, oldest first."""

    holder: str | None = None
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admissions:
    """All stages of one pipeline, by name, and the executions that were replaced."""

    stages: Mapping[str, StageLock] = field(default_factory=dict)
    superseded: frozenset[str] = frozenset()

    def lock(self, stage: str) -> StageLock:
        """Give one stage; nobody is in one that was never entered."""
        return self.stages.get(stage, StageLock())


def state_stream(pipeline: str) -> str:
    """Name the stream of a pipeline's arrivals and departures."""
    return f"pipeline-state/{pipeline}"


def fold(events: Iterable[Event]) -> Admissions:
    """Fold a pipeline's stream."""
    state = Admissions()
    for event in events:
        stage, execution = str(event.data["stage"]), str(event.data["execution"])
        if event.data["signal"] == ARRIVED:
            mode = ExecutionMode(str(event.data["mode"]))
            state = _arrived(state, stage, execution, mode)
        else:
            state = _left(state, stage, execution)
    return state


def admit(state: Admissions, stage: str, execution: str) -> Admission | None:
    """Say how an execution stands before ``stage``; ``None``: it has not arrived there."""
    lock = state.lock(stage)
    if lock.holder == execution:
        return Admission.ENTER
    if execution in state.superseded:
        return Admission.SUPERSEDED
    return Admission.WAIT if execution in lock.waiting else None


def _arrived(state: Admissions, stage: str, execution: str, mode: ExecutionMode) -> Admissions:
    """
    Let in, or put in front.

    SUPERSEDED has one place in front: a newer arrival replaces who stands there.
    QUEUED keeps everybody, in order. Nobody inside a stage is ever replaced.

    Source: CodePipeline User Guide, "How pipeline executions work".
    """
    lock = state.lock(stage)
    if execution == lock.holder or execution in lock.waiting:
        return state
    if lock.holder is None:
        return _with(state, stage, replace(lock, holder=execution))
    if mode is ExecutionMode.QUEUED:
        return _with(state, stage, replace(lock, waiting=(*lock.waiting, execution)))
    replaced = replace(state, superseded=state.superseded.union(lock.waiting))
    return _with(replaced, stage, replace(lock, waiting=(execution,)))


def _left(state: Admissions, stage: str, execution: str) -> Admissions:
    """The first in front enters at once, so that nobody who arrives later overtakes."""
    lock = state.lock(stage)
    if execution != lock.holder:
        others = tuple(waiting for waiting in lock.waiting if waiting != execution)
        return _with(state, stage, replace(lock, waiting=others))
    following = lock.waiting[0] if lock.waiting else None
    return _with(state, stage, StageLock(holder=following, waiting=lock.waiting[1:]))


def _with(state: Admissions, stage: str, lock: StageLock) -> Admissions:
    return replace(state, stages=MappingProxyType({**state.stages, stage: lock}))
