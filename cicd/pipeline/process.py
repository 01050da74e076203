"""The rules of an execution: stages in order, groups of actions, approvals, stopping. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.engine.process import Cancel, Decision
from cicd.pipeline.commands import (
    CheckCondition,
    EnterStage,
    ExpireApproval,
    LeaveStage,
    PipelineCommand,
    RetryStage,
    RunAction,
    numbered,
    unnumbered,
)
from cicd.pipeline.condition import BEFORE_ENTRY
from cicd.pipeline.fold import fold
from cicd.pipeline.result import ActionStatus, PipelineStatus
from cicd.pipeline.retry import current_stage, retries_itself
from cicd.pipeline.spec import ExecutionMode
from cicd.pipeline.state import PipelineState, deadline, stage_skipped, stage_succeeded, unmet
from cicd.pipeline.timeouts import TIMED_OUT, limit
from cicd.pipeline.variables import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cicd.event import Event
    from cicd.pipeline.condition import ConditionPlan
    from cicd.pipeline.plan import ActionPlan, PipelinePlan, StagePlan

PARALLEL_ACTIONS = 5  # at once, in an execution of a PARALLEL pipeline
ABANDONED = "ABANDONED"
STOPPED = "STOPPED"


class PipelineProcess:
    """One execution of a pipeline, from its first event to its last."""

    def initial(self) -> PipelineState:
        """Give the state before the first event."""
        return PipelineState()

    def apply(self, state: PipelineState, event: Event) -> PipelineState:
        """Fold one event."""
        return fold(state, event)

    def decide(self, state: PipelineState, now: datetime) -> Decision:
        """
        Say what comes next.

        Source: CodePipeline User Guide, "How pipeline executions work" and "runOrder":
        a group starts together and ends before the next begins; siblings of a failed action
        run to their own end; then the stage fails and no later group or stage starts.
        """
        if state.plan is None or state.concluded is not None:
            return Decision()
        cancel = _cancel(state)
        if state.superseded:
            return Decision(conclude=PipelineStatus.SUPERSEDED)
        stage = current_stage(state, state.plan)
        if stage is None:
            return Decision(conclude=_end(state) if state.stop else PipelineStatus.SUCCEEDED)
        if stage.name not in state.entered:
            if state.running:
                return Decision(cancel=cancel)
            if state.fault or state.stop:
                return Decision(conclude=_end(state))
            attempt = state.attempt(stage.name)
            key = numbered(f"enter:{stage.name}", attempt)
            return Decision(start=(EnterStage(key=key, stage=stage.name, again=attempt > 1),))
        if stage.name in state.left:  # and it did not succeed, or it would not be current
            return Decision(conclude=_end(state))
        if any(isinstance(command, LeaveStage | RetryStage) for command in state.running.values()):
            return Decision()
        return _inside(state, state.plan, stage, cancel, now)

    def in_flight(self, state: PipelineState) -> tuple[PipelineCommand, ...]:
        """Give what started and did not finish; a waiting approval is not among it."""
        return tuple(state.running.values())


def _end(state: PipelineState) -> PipelineStatus:
    """A stop that comes after everything failed does not hide the failure."""
    anything_failed = any(
        action.status is ActionStatus.FAILED for action in state.actions.values()
    )
    refused = state.plan is not None and any(
        unmet(state, stage) is not None and not stage_skipped(state, stage)
        for stage in state.plan.stages
    )
    if state.fault or ((anything_failed or refused) and not state.stop):
        return PipelineStatus.FAILED
    return PipelineStatus.STOPPED


def _inside(
    state: PipelineState,
    plan: PipelinePlan,
    stage: StagePlan,
    cancel: tuple[Cancel, ...],
    now: datetime,
) -> Decision:
    waiting = {
        action.key: deadline(action, state.actions[action.key])
        for action in stage.actions()
        if action.key in state.actions and state.actions[action.key].waits
    }
    expired = tuple(
        command
        for key, until in waiting.items()
        if until <= now
        and (command := _expire(key, state.actions[key].attempt)).key not in state.running
    )
    start: tuple[PipelineCommand, ...] = expired
    if state.stop is None and state.fault is None and unmet(state, stage) is None:
        condition = _pending(state, stage)
        if condition is None:
            start += _startable(state, plan, stage)
        elif not any(isinstance(command, CheckCondition) for command in state.running.values()):
            start += (_check(state, stage, condition),)
    limits = _limits(state, stage)
    late = tuple(Cancel(key=key, reason=TIMED_OUT) for key, end in limits.items() if end <= now)
    moments = (*waiting.values(), *limits.values())
    if start or state.running or waiting:
        return Decision(
            start=start,
            cancel=(*cancel, *late),
            wake_at=min((moment for moment in moments if moment > now), default=None),
        )
    attempt = state.attempt(stage.name)
    if stage.retry is not None and retries_itself(state, stage):
        key = numbered(f"retry:{stage.name}", attempt)
        return Decision(start=(RetryStage(key=key, stage=stage.name, mode=stage.retry),))
    key = numbered(f"leave:{stage.name}", attempt)
    return Decision(start=(LeaveStage(key=key, stage=stage.name),))


def _pending(state: PipelineState, stage: StagePlan) -> ConditionPlan | None:
    """Find the condition that must be asked before anything else begins."""
    for condition in stage.conditions:
        asked = f"{stage.name}/{condition.gate}" in state.conditions
        due = condition.gate == BEFORE_ENTRY or stage_succeeded(state, stage)
        if due and not asked:
            return condition
    return None


def _check(state: PipelineState, stage: StagePlan, condition: ConditionPlan) -> CheckCondition:
    key = numbered(f"check:{stage.name}/{condition.gate}", state.attempt(stage.name))
    texts = [text for rule in condition.rules for text in rule.configuration.values()]
    return CheckCondition(
        key=key, stage=stage.name, condition=condition, namespaces=_namespaces(state, texts)
    )


def _limits(state: PipelineState, stage: StagePlan) -> dict[str, datetime]:
    """Say when each running action's time is over, by its command's key."""
    types = {action.key: action.type_id for action in stage.actions()}
    return {
        key: state.actions[unnumbered(key)].started_at + limit(types[unnumbered(key)])
        for key, command in state.running.items()
        if isinstance(command, RunAction)
    }


def _expire(key: str, attempt: int) -> ExpireApproval:
    return ExpireApproval(key=numbered(f"expire:{key}", attempt), action=key)


def _startable(
    state: PipelineState, plan: PipelinePlan, stage: StagePlan
) -> tuple[PipelineCommand, ...]:
    """Give the unstarted actions of the first group that is not all succeeded."""
    for group in stage.groups:
        states = [state.actions.get(action.key) for action in group]
        if all(found and found.status is ActionStatus.SUCCEEDED for found in states):
            continue
        fresh = [action for action, found in zip(group, states, strict=True) if found is None]
        if plan.execution_mode is ExecutionMode.PARALLEL:
            busy = sum(
                found is not None and found.status is ActionStatus.IN_PROGRESS for found in states
            )
            fresh = fresh[: max(0, PARALLEL_ACTIONS - busy)]
        return tuple(_run(state, action) for action in fresh)
    return ()


def _run(state: PipelineState, action: ActionPlan) -> RunAction:
    return RunAction(
        key=numbered(action.key, len(state.earlier.get(action.key, ())) + 1),
        inputs=tuple(state.artifacts[name] for name in action.inputs if name in state.artifacts),
        namespaces=_namespaces(state, action.configuration.values()),
    )


def _namespaces(state: PipelineState, texts: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    asked = {reference.namespace for text in texts for reference in references(text)}
    return MappingProxyType(
        {name: state.variables[name] for name in sorted(asked) if name in state.variables}
    )


def _cancel(state: PipelineState) -> tuple[Cancel, ...]:
    """Stop and wait ends only the waiting for a stage; abandon ends whatever runs."""
    if state.stop is None:
        return ()
    return tuple(
        Cancel(key=key, reason=ABANDONED if state.stop.abandon else STOPPED)
        for key, command in state.running.items()
        if isinstance(command, EnterStage)
        or (state.stop.abandon and isinstance(command, RunAction))
    )
