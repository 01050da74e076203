"""
Who may enter a stage, who waits in front of it, and who is superseded.

A pipeline has a stream of its own, ``pipeline-state/<name>``, of arrivals and departures, and of
transitions that were disabled and enabled.
Its order is the lock: what an arrival means follows from the fold of what came before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.pipeline.spec import ExecutionMode
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.event import Event

ARRIVED = "arrived"
LEFT = "left"
DISABLED = "transition-disabled"
ENABLED = "transition-enabled"


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
class Disabled:
    """An inbound transition that lets nobody through: since when, by whom, and why."""

    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admissions:
    """All stages of one pipeline, by name, and the executions that were replaced."""

    stages: Mapping[str, StageLock] = field(default_factory=dict)
    superseded: frozenset[str] = frozenset()
    disabled: Mapping[str, Disabled] = field(default_factory=dict)  # by stage
    latest: Mapping[str, str] = field(default_factory=dict)  # who entered a stage last

    def lock(self, stage: str) -> StageLock:
        """Give one stage; nobody is in one that was never entered."""
        return self.stages.get(stage, StageLock())


def state_stream(pipeline: str) -> str:
    """Name the stream of a pipeline's arrivals and departures."""
    return f"pipeline-state/{pipeline}"


def fold(events: Iterable[Event], state: Admissions | None = None) -> Admissions:
    """Fold a pipeline's stream, or what follows in it on ``state``."""
    state = state or Admissions()
    for event in events:
        stage, execution = str(event.data["stage"]), str(event.data.get("execution", ""))
        signal = event.data["signal"]
        if signal == ARRIVED:
            mode = ExecutionMode(str(event.data["mode"]))
            again = bool(event.data.get("again"))
            state = _arrived(state, stage, execution, mode, again=again)
        elif signal == LEFT:
            state = _left(state, stage, execution)
        else:
            state = _switched(state, stage, event)
    return state


def admit(state: Admissions, stage: str, execution: str) -> Admission | None:
    """Say how an execution stands before ``stage``; ``None``: it has not arrived there."""
    lock = state.lock(stage)
    if lock.holder == execution:
        return Admission.ENTER
    if execution in state.superseded:
        return Admission.SUPERSEDED
    return Admission.WAIT if execution in lock.waiting else None


def is_held(state: Admissions, stage: str) -> bool:
    """Tell whether only its transition keeps who waits in front of a stage from it."""
    return stage in state.disabled and state.lock(stage).holder is None


def what_is_waited_for(state: Admissions, stage: str) -> str:
    """Say what an execution in front of a stage waits for, and what to do."""
    if is_held(state, stage):
        return (
            f"waiting in front of the stage {stage}: its transition is disabled "
            f"({state.disabled[stage].reason}); cicd pipeline enable-transition {stage}"
        )
    return f"waiting for the stage {stage}, where the execution {state.lock(stage).holder} is"


def _arrived(
    state: Admissions, stage: str, execution: str, mode: ExecutionMode, *, again: bool
) -> Admissions:
    """
    Let in, or put in front.

    SUPERSEDED has one place in front: a newer arrival replaces who stands there.
    QUEUED keeps everybody, in order. Nobody inside a stage is ever replaced.
    A disabled transition holds up everybody but who comes ``again``, for a retry: that one was
    let in before.

    Source: CodePipeline User Guide, "How pipeline executions work".
    """
    lock = state.lock(stage)
    if execution == lock.holder or execution in lock.waiting:
        return state
    if again and lock.holder is None:
        return _entered(state, stage, replace(lock, holder=execution))
    if again or mode is ExecutionMode.QUEUED:
        waiting = (execution, *lock.waiting) if again else (*lock.waiting, execution)
    else:
        state = replace(state, superseded=state.superseded.union(lock.waiting))
        waiting = (execution,)
    return _let_in(_with(state, stage, replace(lock, waiting=waiting)), stage)


def _left(state: Admissions, stage: str, execution: str) -> Admissions:
    """The first in front enters at once, so that nobody who arrives later overtakes."""
    lock = state.lock(stage)
    if execution != lock.holder:
        others = tuple(waiting for waiting in lock.waiting if waiting != execution)
        return _with(state, stage, replace(lock, waiting=others))
    return _let_in(_with(state, stage, replace(lock, holder=None)), stage)


def _let_in(state: Admissions, stage: str) -> Admissions:
    """Let the first in front enter, if the stage is free and its transition enabled."""
    lock = state.lock(stage)
    if lock.holder is not None or not lock.waiting or stage in state.disabled:
        return state
    return _entered(state, stage, StageLock(holder=lock.waiting[0], waiting=lock.waiting[1:]))


def _entered(state: Admissions, stage: str, lock: StageLock) -> Admissions:
    latest = {**state.latest, stage: lock.holder or ""}
    return replace(_with(state, stage, lock), latest=MappingProxyType(latest))


def _switched(state: Admissions, stage: str, event: Event) -> Admissions:
    """Disable or enable; enabling lets the first in front in: with SUPERSEDED, the newest."""
    others = {key: why for key, why in state.disabled.items() if key != stage}
    if event.data["signal"] == ENABLED:
        return _let_in(replace(state, disabled=MappingProxyType(others)), stage)
    why = Disabled(at=event.at, reason=str(event.data["reason"]), by=str(event.data["by"]))
    return replace(state, disabled=MappingProxyType({**others, stage: why}))


def _with(state: Admissions, stage: str, lock: StageLock) -> Admissions:
    return replace(state, stages=MappingProxyType({**state.stages, stage: lock}))
