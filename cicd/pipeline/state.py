"""How an execution stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta

from cicd.pipeline.by_stage import ByStage
from cicd.pipeline.commands import PipelineCommand
from cicd.pipeline.condition import (
    ROLLBACK,
    SKIP,
    ConditionPlan,
    ConditionResult,
    ConditionStatus,
    RuleResult,
)
from cicd.pipeline.plan import ActionPlan, PipelinePlan, StagePlan
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    ErrorDetails,
    PipelineStatus,
    StoredArtifact,
)
from cicd.record import dataclass

APPROVAL_TIMEOUT = timedelta(days=7)
RESUMED = "resumed"  # the signal of who takes up what a dead driver left


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionState:
    """One action that has started."""

    started_at: datetime
    updated_at: datetime
    result: ActionResult | None = None  # None: it runs
    resolved: Mapping[str, str] = field(default_factory=dict)  # its configuration
    attempt: int = 1

    @property
    def status(self) -> ActionStatus:
        """Say how it stands."""
        return self.result.status if self.result else ActionStatus.IN_PROGRESS

    @property
    def waits(self) -> bool:
        """Tell whether it waits for an approval."""
        return self.result is not None and self.status is ActionStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Somebody asked for the end."""

    abandon: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a stage began again, in one execution."""

    automatic: int = 0
    manual: int = 0
    latest: str = ""  # "AutomatedStageRetry" or "ManualStageRetry"
    since_manual: int = 0  # automatic ones after the last manual one: a failure has one
    overrides: int = 0  # how often somebody overrode a condition, and it went on

    @property
    def attempt(self) -> int:
        """Count the attempts: 1 is the first."""
        return 1 + self.automatic + self.manual + self.overrides


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """What came of an automatic rollback. ``execution_id`` is "" when there is none: see why."""

    stage: str
    execution_id: str = ""
    target: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineState:
    """Everything an execution's events say."""

    plan: PipelinePlan | None = None
    planned: Mapping[str, ActionPlan] = field(default_factory=dict)  # the plan's actions, by key
    started_at: datetime | None = None
    updated_at: datetime | None = None
    running: Mapping[str, PipelineCommand] = field(default_factory=dict)
    entered: tuple[str, ...] = ()  # stages, in order
    left: tuple[str, ...] = ()
    superseded: bool = False
    fault: ErrorDetails | None = None  # why a stage could not even be entered
    resumed_at: datetime | None = None  # when somebody took it up whose driver had died
    passed: int = 0  # how many stages, from the first on, are behind it
    actions: ByStage[ActionState] = field(default_factory=ByStage)
    artifacts: Mapping[str, StoredArtifact] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by namespace
    stop: Stop | None = None
    concluded: str | None = None
    conditions: Mapping[str, ConditionResult] = field(default_factory=dict)  # "Build/onSuccess"
    asked: Mapping[str, datetime] = field(default_factory=dict)  # running rules, by command
    said: Mapping[str, RuleResult] = field(default_factory=dict)  # "Build/onSuccess/0"
    rollbacks: Mapping[str, Rollback] = field(default_factory=dict)  # by command
    retries: Mapping[str, Retries] = field(default_factory=dict)  # by stage
    earlier: Mapping[str, tuple[ActionState, ...]] = field(default_factory=dict)  # attempts

    def attempt(self, stage: str) -> int:
        """Say which attempt of a stage this is: 1 is the first."""
        return self.retries.get(stage, Retries()).attempt

    def status(self) -> PipelineStatus:
        """Say how the execution stands."""
        if self.concluded is not None:
            return PipelineStatus(self.concluded)
        return PipelineStatus.STOPPING if self.stop else PipelineStatus.IN_PROGRESS


def deadline(action: ActionPlan, state: ActionState) -> datetime:
    """Say until when a waiting approval may be answered: seven days, or as the action says."""
    return state.updated_at + (action.timeout or APPROVAL_TIMEOUT)


def unmet(state: PipelineState, stage: StagePlan) -> ConditionPlan | None:
    """Find the condition of a stage that did not hold, or whose rules were abandoned."""
    for condition in stage.conditions:
        if _status(state, stage, condition) in _UNMET:
            return condition
    return None


_UNMET = (ConditionStatus.FAILED, ConditionStatus.ABANDONED)


def _status(
    state: PipelineState, stage: StagePlan, condition: ConditionPlan
) -> ConditionStatus | None:
    found = state.conditions.get(f"{stage.name}/{condition.gate}")
    return found.status if found is not None else None


def _result(state: PipelineState, stage: StagePlan) -> str:
    """Give the result of the condition that failed, "" when none did."""
    return next(
        (
            condition.result
            for condition in stage.conditions
            if _status(state, stage, condition) is ConditionStatus.FAILED
        ),
        "",
    )


def stage_skipped(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether a condition had the stage passed over."""
    return _result(state, stage) == SKIP


def rollback_due(state: PipelineState, stage: StagePlan) -> bool:
    """
    Tell whether a stage that failed goes back to an earlier execution.

    Nobody who stops an execution asks for another one, and a rollback does not roll back.
    Source: CodePipeline User Guide, "Configure stage rollback".
    """
    assert state.plan is not None, "the plan is the first event"
    if state.stop is not None or state.fault is not None or state.plan.rolls_back_to:
        return False
    return (stage.rolls_back and actions_failed(state, stage)) or (
        _result(state, stage) == ROLLBACK
    )


def stage_failed(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether one of a stage's actions did not succeed, or a condition did not hold."""
    if _result(state, stage) not in ("", SKIP):
        return True
    return actions_failed(state, stage)


def actions_failed(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether one of a stage's actions did not succeed."""
    over = (ActionStatus.FAILED, ActionStatus.ABANDONED)
    return any(
        state.actions[action.key].status in over
        for action in stage.actions()
        if action.key in state.actions
    )


def stage_succeeded(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether every action of a stage succeeded, and its conditions held."""
    return unmet(state, stage) is None and all(
        action.key in state.actions and state.actions[action.key].status is ActionStatus.SUCCEEDED
        for action in stage.actions()
    )
