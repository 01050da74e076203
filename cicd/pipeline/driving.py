"""An execution is driven to its end, and what it began to go back with it; others are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.engine.loop import drive
from cicd.errors import Conflict
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.describe import describe
from cicd.pipeline.effects import PipelineEffects
from cicd.pipeline.execution import (
    ExecutionResult,
    execution_result,
    execution_state,
    find_execution,
    result_of,
)
from cicd.pipeline.journal import say
from cicd.pipeline.process import PipelineProcess

if TYPE_CHECKING:
    from cicd.event import Event
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.state import PipelineState
    from cicd.ports import ExecutionRecord, Services


def drive_execution(
    stream: str, plan: PipelinePlan, services: Services, *, told: int
) -> ExecutionResult:
    """Drive, and tell reporters and the index of every event after the first ``told``."""
    state = _drive_once(stream, plan, services, told)
    # Who asks for a retry looks, after asking, whether somebody drives; and we look, after
    # driving, whether somebody asked: so one of the two sees the other, or both do.
    while state.concluded is None:
        try:
            state = _drive_once(stream, plan, services, len(services.log.read(stream)))
        except Conflict:
            return execution_result(stream, services)
    clear(services.home / "work" / plan.execution_id)
    roll_back(state, services)
    return result_of(state, stream, services)


def _drive_once(stream: str, plan: PipelinePlan, services: Services, told: int) -> PipelineState:
    """Drive to an end, and give the state of now: somebody may have opened it again."""
    follower = _Follower(stream, services, told)
    with services.executions.drive(stream):
        if told:
            say(services, stream, f"{plan.name}: going on with {plan.execution_id}")
        drive(
            PipelineProcess(at_once=services.jobs),
            PipelineEffects(plan, services),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=services.cancel,
            jobs=services.jobs,
            on_fold=follower.follow,
        )
    return follower.caught_up()


def roll_back(state: PipelineState, services: Services) -> None:
    """Carry out the rollbacks that an execution began: they are executions of their own."""
    for begun in state.rollbacks.values():
        if not begun.execution_id:
            continue
        stream = f"pipeline/{begun.execution_id}"
        child = execution_state(stream, services)
        if child.concluded is None and child.plan and not record_of(stream, services).driven:
            told = len(services.log.read(stream))
            drive_execution(stream, child.plan, services, told=told if told > 1 else 0)


class _Follower:
    """Tells reporters and the index of every event after the first ``told``."""

    def __init__(self, stream: str, services: Services, told: int) -> None:
        self._process = PipelineProcess()
        self._stream, self._services, self._told = stream, services, told
        self._state, self._count = self._process.initial(), 0

    def follow(self, before: PipelineState, event: Event, after: PipelineState) -> None:
        self._state, self._count = after, self._count + 1
        if self._count <= self._told:
            return
        if self._services.reporters:
            for said in describe(before, event, after):
                for reporter in self._services.reporters:
                    reporter.event(self._stream, event, said)
        status = after.status()
        if before.plan is None or before.status() is not status:
            self._services.executions.update(self._stream, status.value, event.at)

    def caught_up(self) -> PipelineState:
        """Fold what others wrote since the end."""
        for _, event in self._services.log.read(self._stream, after=self._count):
            self._state = self._process.apply(self._state, event)
            self._count += 1
        return self._state


def record_of(stream: str, services: Services) -> ExecutionRecord:
    """Give the index's line of an execution."""
    return find_execution(stream.partition("/")[2], services)
