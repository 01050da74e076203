"""The rules of an execution: stages in order, groups of actions, approvals, stopping. Pure."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.engine.process import Cancel, Decision
from cicd.pipeline.commands import (
    BeginRollback,
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
from cicd.pipeline.condition import BEFORE_ENTRY, ON_FAILURE, ON_SUCCESS
from cicd.pipeline.fold import fold
from cicd.pipeline.result import ActionStatus, PipelineStatus
from cicd.pipeline.retry import current_stage, is_ending, retries_itself
from cicd.pipeline.spec import ExecutionMode
from cicd.pipeline.state import (
    PipelineState,
    deadline,
    rollback_due,
    stage_failed,
    stage_skipped,
    stage_succeeded,
    unmet,
)
from cicd.pipeline.timeouts import TIMED_OUT, limit, rule_limit
from cicd.pipeline.variables import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cicd.event import Event
    from cicd.pipeline.condition import ConditionPlan
    from cicd.pipeline.plan import ActionPlan, PipelinePlan, StagePlan

PARALLEL_ACTIONS = 5  # at once, in an execution of a PARALLEL pipeline
AT_ONCE = 16  # commands that run side by side, where nobody says how many may
ABANDONED = "ABANDONED"
STOPPED = "STOPPED"


class PipelineProcess:
    """One execution of a pipeline, from its first event to its last."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        """Name no more actions than may start while ``at_once`` commands may run, at least 1."""
        self._at_once = at_once

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
        if is_ending(state):
            return Decision()
        if stage.name in state.left:  # and it did not succeed, or it would not be current
            key = numbered(f"rollback:{stage.name}", state.attempt(stage.name))
            if rollback_due(state, stage) and key not in state.rollbacks:
                return Decision(start=(BeginRollback(key=key, stage=stage.name),))
            return Decision(conclude=_end(state))
        return _inside(state, state.plan, stage, cancel, now, self._at_once)

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
    at_once: int,
) -> Decision:
    in_progress = ActionStatus.IN_PROGRESS
    waiting = {
        key: deadline(state.planned[key], action)
        for name, action in state.actions.of(stage.name).items()
        if (result := action.result) is not None
        and result.status is in_progress
        and (key := f"{stage.name}/{name}")
    }
    expired = tuple(
        command
        for key, until in waiting.items()
        if until <= now
        and (command := _expire(key, state.actions[key].attempt)).key not in state.running
    )
    start: tuple[PipelineCommand, ...] = expired
    if state.stop is None and state.fault is None and unmet(state, stage) is None:
        condition = _pending(state, plan, stage)
        if condition is None:
            start += _startable(state, plan, stage, at_once - len(state.running))
        else:
            start += _checks(state, stage, condition)
    limits = _limits(state)
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


def _pending(state: PipelineState, plan: PipelinePlan, stage: StagePlan) -> ConditionPlan | None:
    """Find the condition that must be asked before anything else begins."""
    for condition in stage.conditions:
        if f"{stage.name}/{condition.gate}" in state.conditions:
            continue
        if condition.gate == BEFORE_ENTRY:
            return condition
        if condition.gate == ON_SUCCESS and stage_succeeded(state, stage):
            return condition
        over = condition.gate == ON_FAILURE and _is_over(state, stage)
        if over and stage_failed(state, stage) and not _startable(state, plan, stage, 1):
            return condition
    return None


def _is_over(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether all actions that a stage began have ended."""
    return not any(
        action.key in state.actions
        and state.actions[action.key].status is ActionStatus.IN_PROGRESS
        for action in stage.actions()
    )


def _checks(
    state: PipelineState, stage: StagePlan, condition: ConditionPlan
) -> tuple[CheckCondition, ...]:
    """Ask all rules of a condition at once; those that spoke or are being asked, not again."""
    attempt, name = state.attempt(stage.name), f"{stage.name}/{condition.gate}"
    return tuple(
        CheckCondition(
            key=key,
            stage=stage.name,
            condition=condition,
            namespaces=_namespaces(state, rule.configuration.values()),
            inputs=tuple(state.artifacts[name] for name in rule.inputs if name in state.artifacts),
            rule=place,
        )
        for place, rule in enumerate(condition.rules)
        if (key := numbered(f"check:{name}/{place}", attempt)) not in state.running
        and f"{name}/{place}" not in state.said
    )


def _limits(state: PipelineState) -> dict[str, datetime]:
    """
    Say when the time of each running action and rule is over, by its command's key.

    The time in which nobody drove the execution does not count: nothing of it was done then.
    """
    limits = {}
    resumed = state.resumed_at
    for key, command in state.running.items():
        if isinstance(command, RunAction):
            action = unnumbered(key)
            begun = state.actions[action].started_at
            limits[key] = max(begun, resumed or begun) + limit(state.planned[action].type_id)
        elif isinstance(command, CheckCondition) and key in state.asked:
            asked = (command.condition.rules[place] for place in command.places())
            begun = state.asked[key]
            limits[key] = max(begun, resumed or begun) + sum(map(rule_limit, asked), timedelta())
    return limits


def _expire(key: str, attempt: int) -> ExpireApproval:
    return ExpireApproval(key=numbered(f"expire:{key}", attempt), action=key)


def _startable(
    state: PipelineState, plan: PipelinePlan, stage: StagePlan, most: int
) -> tuple[PipelineCommand, ...]:
    """Give unstarted actions of the first group that is not all succeeded, at most so many."""
    if most < 1:
        return ()
    known, succeeded = state.actions.of(stage.name), ActionStatus.SUCCEEDED
    for group in stage.groups:
        fresh: list[ActionPlan] = []
        over = busy = 0
        for action in group:
            found = known.get(action.name)
            if found is None:
                fresh.append(action)
            elif found.result is not None and found.result.status is succeeded:
                over += 1
            else:
                busy += found.status is ActionStatus.IN_PROGRESS
        if over == len(group):
            continue
        if plan.execution_mode is ExecutionMode.PARALLEL:
            most = min(most, PARALLEL_ACTIONS - busy)
        return tuple(_run(state, action) for action in fresh[: max(0, most)])
    return ()


def _run(state: PipelineState, action: ActionPlan) -> RunAction:
    return RunAction(
        key=numbered(action.key, len(state.earlier.get(action.key, ())) + 1),
        inputs=tuple(state.artifacts[name] for name in action.inputs if name in state.artifacts),
        namespaces=_namespaces(state, action.texts()),
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
        or (state.stop.abandon and isinstance(command, RunAction | CheckCondition))
    )
