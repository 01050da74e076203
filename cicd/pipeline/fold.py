"""An execution's events, folded into its state. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.engine.codec import decode
from cicd.engine.loop import RETRY
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import EventKind
from cicd.pipeline.commands import (
    CheckCondition,
    EnterStage,
    ExpireApproval,
    LeaveStage,
    PipelineCommand,
    Resolved,
    RetryMode,
    RetryStage,
    RunAction,
    unnumbered,
)
from cicd.pipeline.condition import ConditionResult
from cicd.pipeline.plan import PipelinePlan
from cicd.pipeline.result import ActionResult, ActionStatus, ErrorDetails, FailureType, failed
from cicd.pipeline.retry import AUTOMATIC, MANUAL, begin_again
from cicd.pipeline.state import ActionState, PipelineState, Stop, deadline
from cicd.pipeline.timeouts import TIMED_OUT, limit
from cicd.pipeline.variables import CODEPIPELINE, EXECUTION_ID, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import Event
    from cicd.pipeline.plan import ActionPlan, StagePlan


def fold(state: PipelineState, event: Event) -> PipelineState:
    """Fold one event into the state, without changing the old one."""
    state = replace(state, updated_at=event.at)
    match event.kind:
        case EventKind.SUBMITTED:
            plan = decode(PipelinePlan, event.data["plan"])
            variables: dict[str, Mapping[str, str]] = {
                **plan.namespaces,
                CODEPIPELINE: MappingProxyType({EXECUTION_ID: plan.execution_id}),
                VARIABLES: plan.variables,
            }
            return replace(
                state,
                plan=plan,
                started_at=event.at,
                variables=MappingProxyType(variables),
                artifacts=MappingProxyType({found.name: found for found in plan.artifacts}),
            )
        case EventKind.STARTED:
            return _started(state, event)
        case EventKind.FINISHED:
            return _finished(state, event)
        case EventKind.SIGNALLED:
            return _signalled(state, event)
        case EventKind.CONCLUDED:
            return replace(state, concluded=str(event.data["status"]))


def _started(state: PipelineState, event: Event) -> PipelineState:
    command: PipelineCommand = decode(PipelineCommand, event.data["command"])
    state = replace(state, running=MappingProxyType({**state.running, event.key: command}))
    if isinstance(command, RunAction):
        key = unnumbered(event.key)
        attempt = len(state.earlier.get(key, ())) + 1
        begun = ActionState(started_at=event.at, updated_at=event.at, attempt=attempt)
        return _with(state, key, begun)
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
        case CheckCondition():
            return _checked(state, command, outcome)
        case RetryStage():
            if state.stop is not None:  # asked for meanwhile: it ends as it failed
                return state
            stage = _stage(state, command.stage)
            return begin_again(state, stage, command.mode, AUTOMATIC)
        case RunAction():
            return _acted(state, event, outcome)


def _checked(state: PipelineState, command: CheckCondition, outcome: Outcome) -> PipelineState:
    if outcome.status is not OutcomeStatus.DONE:
        return replace(state, fault=_fault(outcome))
    result = decode(ConditionResult, outcome.detail["condition"])
    key = f"{command.stage}/{command.condition.gate}"
    return replace(state, conditions=MappingProxyType({**state.conditions, key: result}))


def _acted(state: PipelineState, event: Event, outcome: Outcome) -> PipelineState:
    key = unnumbered(event.key)
    before = state.actions[key]
    if outcome.status in (OutcomeStatus.DONE, OutcomeStatus.FAILED):
        result = decode(ActionResult, outcome.detail["result"])
        resolved = decode(Resolved, outcome.detail["resolved"]).configuration
    elif outcome.status is OutcomeStatus.CANCELLED and outcome.reason == TIMED_OUT:
        kind = _action(state, key).type_id
        result = failed(
            FailureType.JOB_FAILED,
            f"the action was not over after {limit(kind)}, and was ended",
            hint=f"that is the limit of {kind.provider} actions of the category {kind.category}",
        )
        resolved = {}
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
    state = _with(state, key, after)
    if result.status is not ActionStatus.SUCCEEDED:
        return state
    made = {artifact.name: artifact for artifact in result.outputs}
    state = replace(state, artifacts=MappingProxyType({**state.artifacts, **made}))
    namespace = _action(state, key).namespace
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
    if signal == RETRY:
        stage = _stage(state, str(event.data["stage"]))
        return begin_again(state, stage, RetryMode(str(event.data["mode"])), MANUAL)
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


def _stage(state: PipelineState, name: str) -> StagePlan:
    assert state.plan is not None, "the plan is the first event"
    return next(stage for stage in state.plan.stages if stage.name == name)


def _action(state: PipelineState, key: str) -> ActionPlan:
    assert state.plan is not None, "the plan is the first event"
    return next(action for action in state.plan.actions() if action.key == key)


def _with(state: PipelineState, key: str, action: ActionState) -> PipelineState:
    return replace(state, actions=MappingProxyType({**state.actions, key: action}))
