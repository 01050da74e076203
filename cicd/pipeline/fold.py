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
    BeginRollback,
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
from cicd.pipeline.condition import ConditionResult, ConditionStatus, RuleResult
from cicd.pipeline.override import override
from cicd.pipeline.plan import read_plan
from cicd.pipeline.result import ActionResult, ActionStatus, ErrorDetails, FailureType, failed
from cicd.pipeline.retry import AUTOMATIC, MANUAL, begin_again, move_on
from cicd.pipeline.state import RESUMED, ActionState, PipelineState, Rollback, Stop, deadline
from cicd.pipeline.timeouts import TIMED_OUT, limit, rule_limit
from cicd.pipeline.variables import CODEPIPELINE, EXECUTION_ID, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import Event
    from cicd.pipeline.plan import ActionPlan, StagePlan


def fold(state: PipelineState, event: Event) -> PipelineState:
    """Fold one event into the state, without changing the old one."""
    match event.kind:
        case EventKind.SUBMITTED:
            plan = read_plan(event.data["plan"])
            variables: dict[str, Mapping[str, str]] = {
                **plan.namespaces,
                CODEPIPELINE: MappingProxyType({EXECUTION_ID: plan.execution_id}),
                VARIABLES: plan.variables,
            }
            return replace(
                state,
                updated_at=event.at,
                plan=plan,
                planned=MappingProxyType({action.key: action for action in plan.actions()}),
                started_at=event.at,
                variables=MappingProxyType(variables),
                artifacts=MappingProxyType({found.name: found for found in plan.artifacts}),
            )
        case EventKind.STARTED:
            return _started(state, event)
        case EventKind.FINISHED:
            return _finished(state, event)
        case EventKind.SIGNALLED:
            return _signalled(replace(state, updated_at=event.at), event)
        case EventKind.CONCLUDED:
            return replace(state, updated_at=event.at, concluded=str(event.data["status"]))


def _started(state: PipelineState, event: Event) -> PipelineState:
    command: PipelineCommand = decode(PipelineCommand, event.data["command"])
    actions, asked = state.actions, state.asked
    if isinstance(command, RunAction):
        key = unnumbered(event.key)
        attempt = len(state.earlier.get(key, ())) + 1
        begun = ActionState(started_at=event.at, updated_at=event.at, attempt=attempt)
        actions = actions.put(key, begun)
    elif isinstance(command, CheckCondition):
        asked = MappingProxyType({**asked, event.key: event.at})
    return replace(
        state,
        updated_at=event.at,
        running=MappingProxyType({**state.running, event.key: command}),
        actions=actions,
        asked=asked,
    )


def _finished(state: PipelineState, event: Event) -> PipelineState:
    outcome = decode(Outcome, event.data["outcome"])
    command = state.running[event.key]
    running = {key: other for key, other in state.running.items() if key != event.key}
    if isinstance(command, RunAction):  # thousands are: one new state each is enough
        return _acted(state, event, outcome, MappingProxyType(running))
    state = replace(state, updated_at=event.at, running=MappingProxyType(running))
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
            return move_on(replace(state, left=(*state.left, command.stage)))
        case ExpireApproval():
            return _answered(
                state,
                command.action,
                event,
                failed(FailureType.JOB_FAILED, "nobody answered the approval in time"),
            )
        case CheckCondition():
            return _checked(state, command, event, outcome)
        case BeginRollback():
            return _rolled_back(state, command, outcome)
        case RetryStage():
            if state.stop is not None:  # asked for meanwhile: it ends as it failed
                return state
            stage = _stage(state, command.stage)
            return begin_again(state, stage, command.mode, AUTOMATIC)


def _checked(
    state: PipelineState, command: CheckCondition, event: Event, outcome: Outcome
) -> PipelineState:
    """Note what the rules said; once all of a condition have spoken, it has a result."""
    condition, name = command.condition, f"{command.stage}/{command.condition.gate}"
    begun = state.asked.get(event.key)
    said = dict(state.said)
    for place, result in zip(command.places(), _said(command, outcome), strict=True):
        said[f"{name}/{place}"] = replace(result, started_at=begun, updated_at=event.at)
    state = replace(
        state,
        said=MappingProxyType(said),
        asked=MappingProxyType({key: at for key, at in state.asked.items() if key != event.key}),
    )
    known = [said.get(f"{name}/{place}") for place in range(len(condition.rules))]
    found = tuple(result for result in known if result is not None)
    if len(found) < len(known):
        return state
    conditions = {**state.conditions, name: ConditionResult(rules=found)}
    return replace(state, conditions=MappingProxyType(conditions))


def _said(command: CheckCondition, outcome: Outcome) -> tuple[RuleResult, ...]:
    if outcome.status is OutcomeStatus.DONE:
        return decode(ConditionResult, outcome.detail["condition"]).rules
    rules = [command.condition.rules[place] for place in command.places()]
    if outcome.status is not OutcomeStatus.CANCELLED:
        status, code, why = ConditionStatus.FAILED, FailureType.SYSTEM_UNAVAILABLE.value, None
    elif outcome.reason == TIMED_OUT:
        status, code, why = ConditionStatus.FAILED, FailureType.JOB_FAILED.value, "not over after"
    else:
        status, code, why = ConditionStatus.ABANDONED, "", "abandoned, and ended here"
    return tuple(
        RuleResult(
            name=rule.name,
            status=status,
            code=code,
            summary=_fault(outcome).message
            if why is None
            else (f"{why} {rule_limit(rule)}, and was ended" if code else why),
        )
        for rule in rules
    )


def _rolled_back(state: PipelineState, command: BeginRollback, outcome: Outcome) -> PipelineState:
    if outcome.status is OutcomeStatus.DONE:
        found = decode(Rollback, outcome.detail["rollback"])
    else:
        found = Rollback(stage=command.stage, why=_fault(outcome).message)
    return replace(state, rollbacks=MappingProxyType({**state.rollbacks, command.key: found}))


def _acted(
    state: PipelineState, event: Event, outcome: Outcome, running: Mapping[str, PipelineCommand]
) -> PipelineState:
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
    artifacts, variables = state.artifacts, state.variables
    if result.status is ActionStatus.SUCCEEDED:
        if result.outputs:
            made = {artifact.name: artifact for artifact in result.outputs}
            artifacts = MappingProxyType({**artifacts, **made})
        namespace = _action(state, key).namespace
        if namespace is not None:
            variables = MappingProxyType({**variables, namespace: result.variables})
    return replace(
        state,
        updated_at=event.at,
        running=running,
        actions=state.actions.put(key, after),
        artifacts=artifacts,
        variables=variables,
    )


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
        if gate := event.data.get("override"):
            return override(state, stage, str(gate))
        return begin_again(state, stage, RetryMode(str(event.data["mode"])), MANUAL)
    if signal == RESUMED:
        return replace(state, resumed_at=event.at)
    if signal == "approval":
        key = f"{event.data['stage']}/{event.data['action']}"
        summary = str(event.data.get("summary") or "")
        answer = (
            ActionResult(status=ActionStatus.SUCCEEDED, summary=summary)
            if event.data["status"] == "Approved"
            else failed(FailureType.JOB_FAILED, summary or "Rejected")
        )
        answer = replace(answer, updated_by=str(event.data.get("by") or ""))
        return _answered(state, key, event, answer, token=str(event.data["token"]))
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
    asked = action.result
    ended = replace(result, token=asked.token, external_execution_id=asked.external_execution_id)
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
    return state.plan.stage(name)


def _action(state: PipelineState, key: str) -> ActionPlan:
    return state.planned[key]


def _with(state: PipelineState, key: str, action: ActionState) -> PipelineState:
    return replace(state, actions=state.actions.put(key, action))
