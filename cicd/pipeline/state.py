"""What an execution is told, in commands and events, and the state they fold into. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from cicd.engine.codec import decode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import EventKind
from cicd.pipeline.plan import ActionPlan, PipelinePlan, StagePlan
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    ErrorDetails,
    FailureType,
    PipelineStatus,
    StoredArtifact,
    failed,
)
from cicd.pipeline.variables import CODEPIPELINE, EXECUTION_ID, VARIABLES

if TYPE_CHECKING:
    from cicd.event import Event

APPROVAL_TIMEOUT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterStage:
    """Wait until the stage is ours, or until a newer execution took our place before it."""

    key: str  # "enter:Build"
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveStage:
    """Let the next execution in."""

    key: str  # "leave:Build"
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAction:
    """Run one action with what it takes, as it is now."""

    key: str  # "Build/Compile"
    inputs: tuple[StoredArtifact, ...] = ()
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An action's configuration after replacement, as its outcome tells it."""

    configuration: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireApproval:
    """Note that nobody answered in time."""

    key: str  # "expire:Prod/Approve"
    action: str


PipelineCommand: TypeAlias = EnterStage | LeaveStage | RunAction | ExpireApproval


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionState:
    """One action that has started."""

    started_at: datetime
    updated_at: datetime
    result: ActionResult | None = None  # None: it runs
    resolved: Mapping[str, str] = field(default_factory=dict)  # its configuration

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
class PipelineState:
    """Everything an execution's events say."""

    plan: PipelinePlan | None = None
    started_at: datetime | None = None
    updated_at: datetime | None = None
    running: Mapping[str, PipelineCommand] = field(default_factory=dict)
    entered: tuple[str, ...] = ()  # stages, in order
    left: tuple[str, ...] = ()
    superseded: bool = False
    fault: ErrorDetails | None = None  # why a stage could not even be entered
    actions: Mapping[str, ActionState] = field(default_factory=dict)
    artifacts: Mapping[str, StoredArtifact] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by namespace
    stop: Stop | None = None
    concluded: str | None = None

    def status(self) -> PipelineStatus:
        """Say how the execution stands."""
        if self.concluded is not None:
            return PipelineStatus(self.concluded)
        return PipelineStatus.STOPPING if self.stop else PipelineStatus.IN_PROGRESS


def fold(state: PipelineState, event: Event) -> PipelineState:
    """Fold one event into the state, without changing the old one."""
    state = replace(state, updated_at=event.at)
    match event.kind:
        case EventKind.SUBMITTED:
            plan = decode(PipelinePlan, event.data["plan"])
            variables: dict[str, Mapping[str, str]] = {
                CODEPIPELINE: MappingProxyType({EXECUTION_ID: plan.execution_id}),
                VARIABLES: plan.variables,
            }
            return replace(
                state,
                plan=plan,
                started_at=event.at,
                variables=MappingProxyType(variables),
            )
        case EventKind.STARTED:
            return _started(state, event)
        case EventKind.FINISHED:
            return _finished(state, event)
        case EventKind.SIGNALLED:
            return _signalled(state, event)
        case EventKind.CONCLUDED:
            return replace(state, concluded=str(event.data["status"]))


def deadline(action: ActionPlan, state: ActionState) -> datetime:
    """Say until when a waiting approval may be answered: seven days, or as the action says."""
    return state.updated_at + (action.timeout or APPROVAL_TIMEOUT)


def stage_failed(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether one of a stage's actions did not succeed."""
    over = (ActionStatus.FAILED, ActionStatus.ABANDONED)
    return any(
        state.actions[action.key].status in over
        for action in stage.actions()
        if action.key in state.actions
    )


def stage_succeeded(state: PipelineState, stage: StagePlan) -> bool:
    """Tell whether every action of a stage succeeded."""
    return all(
        action.key in state.actions and state.actions[action.key].status is ActionStatus.SUCCEEDED
        for action in stage.actions()
    )


def _started(state: PipelineState, event: Event) -> PipelineState:
    command: PipelineCommand = decode(PipelineCommand, event.data["command"])
    state = replace(state, running=MappingProxyType({**state.running, event.key: command}))
    if isinstance(command, RunAction):
        return _with(state, event.key, ActionState(started_at=event.at, updated_at=event.at))
    return state


def _finished(state: PipelineState, event: Event) -> PipelineState:
    outcome = decode(Outcome, event.data["outcome"])
    command = state.running[event.key]
    running = {key: other for key, other in state.running.items() if key != event.key}
    state = replace(state, running=MappingProxyType(running))
    match command:
        case EnterStage():
            if outcome.status is OutcomeStatus.DONE:
                if outcome.detail.get("superseded"):
                    return replace(state, superseded=True)
                return replace(state, entered=(*state.entered, command.stage))
            if outcome.status is OutcomeStatus.CANCELLED:
                return state
            return replace(state, fault=_fault(outcome))
        case LeaveStage():
            return replace(state, left=(*state.left, command.stage))
        case ExpireApproval():
            return _answered(
                state,
                command.action,
                event,
                failed(FailureType.JOB_FAILED, "nobody answered the approval in time"),
            )
        case RunAction():
            return _acted(state, event, outcome)


def _acted(state: PipelineState, event: Event, outcome: Outcome) -> PipelineState:
    before = state.actions[event.key]
    if outcome.status in (OutcomeStatus.DONE, OutcomeStatus.FAILED):
        result = decode(ActionResult, outcome.detail["result"])
        resolved = decode(Resolved, outcome.detail["resolved"]).configuration
    elif outcome.status is OutcomeStatus.CANCELLED:
        result = ActionResult(
            status=ActionStatus.ABANDONED,
            summary="abandoned, and ended here: nothing of it goes on",
        )
        resolved = {}
    else:
        error = _fault(outcome)
        result = failed(error.code, error.message, hint=error.hint)
        resolved = {}
    if result.token is not None and result.status is ActionStatus.IN_PROGRESS and state.stop:
        result = _abandoned_approval()
    after = replace(
        before, updated_at=event.at, result=result, resolved=MappingProxyType(resolved)
    )
    state = _with(state, event.key, after)
    if result.status is not ActionStatus.SUCCEEDED:
        return state
    made = {artifact.name: artifact for artifact in result.outputs}
    state = replace(state, artifacts=MappingProxyType({**state.artifacts, **made}))
    namespace = _action(state, event.key).namespace
    if namespace is None:
        return state
    known = {**state.variables, namespace: result.variables}
    return replace(state, variables=MappingProxyType(known))


def _signalled(state: PipelineState, event: Event) -> PipelineState:
    signal = event.data.get("signal")
    if signal == "stop":
        abandon = bool(event.data.get("abandon")) or bool(state.stop and state.stop.abandon)
        state = replace(
            state, stop=Stop(abandon=abandon, reason=str(event.data.get("reason") or ""))
        )
        for key, action in state.actions.items():
            if action.waits:  # nothing runs that could be waited for
                state = _answered(state, key, event, _abandoned_approval())
        return state
    if signal == "approval":
        key = f"{event.data['stage']}/{event.data['action']}"
        summary = str(event.data.get("summary") or "")
        if event.data["status"] == "Approved":
            return _answered(
                state,
                key,
                event,
                ActionResult(status=ActionStatus.SUCCEEDED, summary=summary),
                token=str(event.data["token"]),
            )
        refusal = failed(FailureType.JOB_FAILED, summary or "Rejected")
        return _answered(state, key, event, refusal, token=str(event.data["token"]))
    return state


def _answered(
    state: PipelineState,
    key: str,
    event: Event,
    result: ActionResult,
    *,
    token: str | None = None,
) -> PipelineState:
    """End a waiting approval; an answer that comes too late, or with an old token, is nothing."""
    action = state.actions.get(key)
    if action is None or not action.waits or action.result is None:
        return state
    if token is not None and (
        token != action.result.token or event.at > deadline(_action(state, key), action)
    ):
        return state
    ended = replace(result, token=action.result.token)
    return _with(state, key, replace(action, updated_at=event.at, result=ended))


def _abandoned_approval() -> ActionResult:
    return ActionResult(
        status=ActionStatus.ABANDONED, summary="the execution was stopped before an answer"
    )


def _fault(outcome: Outcome) -> ErrorDetails:
    lost = "nobody was watching when it ended"
    return ErrorDetails(
        code=FailureType.SYSTEM_UNAVAILABLE,
        message=str(outcome.detail.get("message") or lost),
        hint=str(outcome.detail.get("hint") or ""),
    )


def _action(state: PipelineState, key: str) -> ActionPlan:
    assert state.plan is not None, "the plan is the first event"
    return next(action for action in state.plan.actions() if action.key == key)


def _with(state: PipelineState, key: str, action: ActionState) -> PipelineState:
    return replace(state, actions=MappingProxyType({**state.actions, key: action}))
