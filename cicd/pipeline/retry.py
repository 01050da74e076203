"""A stage that begins again: when it may, and what of it is forgotten. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from cicd.pipeline.commands import BeginRollback, LeaveStage, RetryMode, RetryStage
from cicd.pipeline.result import ActionStatus, PipelineStatus
from cicd.pipeline.state import Retries, stage_failed, stage_skipped, stage_succeeded

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cicd.pipeline.plan import PipelinePlan, StagePlan
    from cicd.pipeline.state import PipelineState

V = TypeVar("V")

AUTOMATIC = "AutomatedStageRetry"
MANUAL = "ManualStageRetry"


def current_stage(state: PipelineState, plan: PipelinePlan) -> StagePlan | None:
    """Find the first stage that is not behind us: left, and skipped or succeeded."""
    return plan.stages[state.passed] if state.passed < len(plan.stages) else None


def move_on(state: PipelineState) -> PipelineState:
    """Count the stages that are behind us: once one is, it stays so."""
    assert state.plan is not None, "the plan is the first event"
    passed = state.passed
    for stage in state.plan.stages[passed:]:
        over = stage_skipped(state, stage) or stage_succeeded(state, stage)
        if stage.name not in state.left or not over:
            break
        passed += 1
    return replace(state, passed=passed) if passed != state.passed else state


def not_retryable(state: PipelineState, stage: StagePlan, mode: RetryMode) -> str | None:
    """
    Say why a stage cannot begin again now; ``None``: it can.

    Source: CodePipeline API Reference, "RetryStageExecution": failed actions may be run again
    while their siblings still run, all of them only when none does.
    """
    assert state.plan is not None, "the plan is the first event"
    if stage.name not in state.entered:
        return f"the stage '{stage.name}' was not entered by this execution"
    if stage_skipped(state, stage):
        return f"the stage '{stage.name}' was skipped"
    if current_stage(state, state.plan) is not stage:
        return f"every action of the stage '{stage.name}' succeeded"
    if is_ending(state):
        return f"the stage '{stage.name}' is just ending, or being retried"
    over = state.concluded in (PipelineStatus.FAILED, PipelineStatus.STOPPED)
    if not over and state.stop is not None:
        return "the execution is stopping"
    if not over and not stage_failed(state, stage):
        return f"no action of the stage '{stage.name}' has failed"
    acts = any(
        state.actions[action.key].status is ActionStatus.IN_PROGRESS
        for action in stage.actions()
        if action.key in state.actions
    )
    if acts and mode is RetryMode.ALL_ACTIONS:
        return f"an action of the stage '{stage.name}' is still in progress"
    return None


def is_ending(state: PipelineState) -> bool:
    """Tell whether a stage is being left, retried or rolled back at this moment."""
    ends = (BeginRollback, LeaveStage, RetryStage)
    return any(isinstance(command, ends) for command in state.running.values())


def retries_itself(state: PipelineState, stage: StagePlan) -> bool:
    """
    Tell whether a failed stage begins again without being asked: once for each failure.

    Source: CodePipeline User Guide, "Configure a stage for automatic retry on failure".
    """
    before = state.retries.get(stage.name, Retries())
    return state.stop is None and before.since_manual == 0 and stage_failed(state, stage)


def begin_again(
    state: PipelineState, stage: StagePlan, mode: RetryMode, trigger: str
) -> PipelineState:
    """
    Forget what is to be run again, and open an execution that was over.

    What succeeded keeps its outputs with FAILED_ACTIONS; ALL_ACTIONS forgets the stage's.
    """
    again = [
        action
        for action in stage.actions()
        if action.key in state.actions
        and (mode is RetryMode.ALL_ACTIONS or state.actions[action.key].status in _UNSUCCESSFUL)
    ]
    keys = {action.key for action in again}
    made = {name for action in again for name in action.outputs}
    named = {action.namespace for action in again}
    earlier = {key: (*state.earlier.get(key, ()), state.actions[key]) for key in keys}
    before = state.retries.get(stage.name, Retries())
    manual = trigger == MANUAL
    retries = Retries(
        automatic=before.automatic + (not manual),
        manual=before.manual + manual,
        latest=trigger,
        since_manual=0 if manual else before.since_manual + 1,
        overrides=before.overrides,
    )
    state = replace(
        state,
        actions=state.actions.without(keys),
        artifacts=_without(state.artifacts, made),
        variables=_without(state.variables, named),
        conditions=_without(
            state.conditions, {f"{stage.name}/{asked.gate}" for asked in stage.conditions}
        ),
        said=MappingProxyType(
            {key: word for key, word in state.said.items() if key.split("/")[0] != stage.name}
        ),
        earlier=MappingProxyType({**state.earlier, **earlier}),
        retries=MappingProxyType({**state.retries, stage.name: retries}),
        stop=None,
        concluded=None,
    )
    return to_be_entered(state, stage)


def to_be_entered(state: PipelineState, stage: StagePlan) -> PipelineState:
    """Forget that a stage was entered, unless it was not left: then it is still ours."""
    if stage.name not in state.left:
        return state
    return replace(
        state,
        entered=tuple(name for name in state.entered if name != stage.name),
        left=tuple(name for name in state.left if name != stage.name),
    )


_UNSUCCESSFUL = (ActionStatus.FAILED, ActionStatus.ABANDONED)


def _without(known: Mapping[str, V], gone: Collection[str | None]) -> Mapping[str, V]:
    return MappingProxyType({key: value for key, value in known.items() if key not in gone})
