"""An event in words: people's line, and EventBridge's detail. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.event import EventKind
from cicd.pipeline.commands import (
    BeginRollback,
    CheckCondition,
    EnterStage,
    ExpireApproval,
    LeaveStage,
    RetryStage,
    unnumbered,
)
from cicd.pipeline.condition import ConditionStatus
from cicd.pipeline.result import ActionStatus, PipelineStatus, StageStatus
from cicd.pipeline.shapes import artifact_places, stage_status
from cicd.pipeline.state import Retries
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.event import JSON, Event
    from cicd.pipeline.plan import ActionPlan, PipelinePlan
    from cicd.pipeline.state import PipelineState


def describe(before: PipelineState, event: Event, after: PipelineState) -> tuple[Described, ...]:
    """
    Put one event into words, given the states around it.

    What it changes besides (the stage that stops with its pipeline, the approval that nobody may
    answer any more) follows with a detail only, or with words of its own.
    """
    return (_itself(before, event, after), *_besides(before, event, after))


def _besides(before: PipelineState, event: Event, after: PipelineState) -> Iterator[Described]:
    """Tell what a stop or a retry means for stages, and for approvals that were waiting."""
    if after.plan is None or event.kind not in (EventKind.SIGNALLED, EventKind.FINISHED):
        return
    if after.stop is not None and before.stop is None:
        for stage in after.entered:
            if stage not in after.left:
                yield _stage(after, stage, "STOPPING", "")
    for stage, retries in after.retries.items():
        if before.retries.get(stage) != retries:
            yield _stage(after, stage, "RESUMED", "")
    if after.stop != before.stop:
        for key, action in before.actions.items():
            if action.waits and after.actions.get(key) != action:
                yield _changed(before, after, key)


def _itself(before: PipelineState, event: Event, after: PipelineState) -> Described:
    plan = after.plan
    if plan is None:
        return Described(text="")
    match event.kind:
        case EventKind.SUBMITTED:
            return _pipeline(plan, after, "STARTED", f"{plan.name}: execution {plan.execution_id}")
        case EventKind.STARTED:
            key = unnumbered(event.key)
            if key in after.actions and key not in before.actions:
                return _action(after, key, "STARTED")
            return Described(text="")
        case EventKind.FINISHED:
            command = before.running.get(event.key)
            if isinstance(command, EnterStage) and command.stage in after.entered:
                return _stage(after, command.stage, "STARTED", f"Stage {command.stage}")
            if isinstance(command, LeaveStage):
                return _left(after, command.stage)
            if isinstance(command, CheckCondition):
                return _asked(command, after)
            if isinstance(command, BeginRollback):
                return _rolled_back(plan, event.key, after)
            if isinstance(command, RetryStage):
                return _resumed(plan, before, after)
            if isinstance(command, ExpireApproval):
                return _changed(before, after, command.action)
            return _changed(before, after, unnumbered(event.key))
        case EventKind.SIGNALLED:
            if after.stop is not None and after.stop != before.stop:
                return _stopping(plan, after)
            if before.retries != after.retries:
                return _resumed(plan, before, after)
            if event.data.get("signal") != "approval":
                return Described(text="")
            return _changed(before, after, f"{event.data['stage']}/{event.data['action']}")
        case EventKind.CONCLUDED:
            return _concluded(plan, after)


def _changed(before: PipelineState, after: PipelineState, key: str) -> Described:
    """Describe what became of an action; nothing, if it was an answer to nothing."""
    action = after.actions.get(key)
    if action is None or before.actions.get(key) == action:
        return Described(text="")
    if action.waits:
        return Described(text=f"{key} waits for an approval", level=Level.WARNING)
    return _action(after, key, _event_word(action.status))


def _action(state: PipelineState, key: str, word: str) -> Described:
    plan, action = _plans(state, key)
    detail: dict[str, JSON] = {
        **_common(plan, state, word),
        "stage": action.stage,
        "action": action.name,
        "region": action.region or plan.region,
        "type": {
            "owner": action.type_id.owner,
            "category": action.type_id.category,
            "provider": action.type_id.provider,
            "version": action.type_id.version,
        },
    }
    if word == "STARTED" and action.inputs:
        taken = [state.artifacts[name] for name in action.inputs if name in state.artifacts]
        detail["input-artifacts"] = artifact_places(plan, action.region, taken)
    result = state.actions[key].result
    text, level = f"{key} ({action.type_id.provider}) started", Level.DETAIL
    if result is not None:
        said: dict[str, JSON] = {
            "external-execution-id": result.external_execution_id,
            "external-execution-summary": result.summary,
            "external-execution-url": result.external_execution_url,
        }
        text = f"{key} {result.status}"
        level = Level.SUCCESS if result.status is ActionStatus.SUCCEEDED else Level.FAILURE
        if result.error is not None:
            said["error-code"] = result.error.code.value
            # More lines, such as those of a script, stand in the log, and in the block at the end.
            first, _, _ = result.error.message.partition("\n")
            text = f"{text}: {first}"
            if result.error.where:
                text = f"{text} ({result.error.where})"
            if result.error.hint:
                text = "; ".join((text, *result.error.hint.splitlines()))
        elif result.summary:
            text = f"{text}: {result.summary}"
        detail["execution-result"] = said
        if result.outputs:
            detail["output-artifacts"] = artifact_places(plan, action.region, result.outputs)
    return Described(
        text=text, level=level, detail=_envelope("Action", detail, plan, action.stage, action.name)
    )


def _left(state: PipelineState, stage: str) -> Described:
    assert state.plan is not None, "a stage is left after the plan"
    status = stage_status(state, next(s for s in state.plan.stages if s.name == stage))
    word = _event_word(status) if status is not None else ""
    level = Level.SUCCESS if status is StageStatus.SUCCEEDED else Level.FAILURE
    if status is StageStatus.SKIPPED:
        level = Level.WARNING
    return _stage(state, stage, word, f"Stage {stage} {status}", level)


def _stage(
    state: PipelineState, stage: str, word: str, text: str, level: Level = Level.INFO
) -> Described:
    assert state.plan is not None, "a stage is entered after the plan"
    detail: dict[str, JSON] = {**_common(state.plan, state, word), "stage": stage}
    return Described(text=text, level=level, detail=_envelope("Stage", detail, state.plan, stage))


def _stopping(plan: PipelinePlan, state: PipelineState) -> Described:
    assert state.stop is not None, "somebody asked for it"
    how = "Stopping once the running actions have ended; asked again, they are ended"
    if state.stop.abandon:
        how = "Stopping, and ending what runs"
    said = _pipeline(plan, state, "STOPPING", how, Level.WARNING)
    inner = said.detail["detail"]
    assert isinstance(inner, dict), "made by _envelope"
    inner["stop-execution-comments"] = state.stop.reason
    return said


def _asked(command: CheckCondition, after: PipelineState) -> Described:
    gate = command.condition.gate
    result = after.conditions.get(f"{command.stage}/{gate}")
    if result is None:  # others of its rules have not spoken yet
        return Described(text="")
    said = "; ".join(f"{rule.name}: {rule.summary}" for rule in result.rules)
    text = f"Stage {command.stage}: {gate} {result.status}: {said}"
    if result.status is ConditionStatus.SUCCEEDED:
        return Described(text=text, level=Level.SUCCESS)
    return Described(text=f"{text}; the result is {command.condition.result}", level=Level.WARNING)


def _resumed(plan: PipelinePlan, before: PipelineState, after: PipelineState) -> Described:
    stage = next((s for s, r in after.retries.items() if before.retries.get(s) != r), None)
    if stage is None:
        return Described(text="")
    text = f"Stage {stage} is retried: attempt {after.attempt(stage)}"
    if after.retries[stage].overrides > before.retries.get(stage, Retries()).overrides:
        text = f"Stage {stage} goes on: its condition is overridden"
    return _pipeline(plan, after, "RESUMED", text, Level.WARNING)


def _rolled_back(plan: PipelinePlan, key: str, after: PipelineState) -> Described:
    found = after.rollbacks[key]
    if not found.execution_id:
        text = f"Stage {found.stage} does not go back: {found.why}"
        return Described(text=text, level=Level.WARNING)
    text = (
        f"Stage {found.stage} goes back to the execution {found.target}, "
        f"by the rollback {found.execution_id}"
    )
    return Described(text=f"{plan.name}: {text}", level=Level.WARNING)


def _concluded(plan: PipelinePlan, state: PipelineState) -> Described:
    status = state.status()
    level = Level.SUCCESS if status is PipelineStatus.SUCCEEDED else Level.FAILURE
    text = f"{plan.name}: {status}"
    if state.fault is not None:
        text = f"{text}: {state.fault.message}"
    return _pipeline(plan, state, _event_word(status), text, level)


def _pipeline(
    plan: PipelinePlan, state: PipelineState, word: str, text: str, level: Level = Level.INFO
) -> Described:
    detail = _common(plan, state, word)
    if word == "STARTED":
        detail["execution-trigger"] = {
            "trigger-type": plan.trigger_type,
            "trigger-detail": plan.triggered_by,
        }
    return Described(text=text, level=level, detail=_envelope("Pipeline", detail, plan))


def _common(plan: PipelinePlan, state: PipelineState, word: str) -> dict[str, JSON]:
    return {
        "pipeline": plan.name,
        "execution-id": plan.execution_id,
        "state": word,
        "version": plan.version,
        "start-time": state.started_at.isoformat() if state.started_at else "",
        "pipeline-execution-attempt": 1.0 + sum(r.attempt - 1 for r in state.retries.values()),
    }


def _envelope(
    level: str, detail: dict[str, JSON], plan: PipelinePlan, *below: str
) -> dict[str, JSON]:
    arn = "/".join((plan.arn, *below))
    return {
        "detail-type": f"CodePipeline {level} Execution State Change",
        "source": "aws.codepipeline",
        "resources": [arn],
        "detail": detail,
    }


def _event_word(status: str) -> str:
    return status.upper()


def _plans(state: PipelineState, key: str) -> tuple[PipelinePlan, ActionPlan]:
    assert state.plan is not None, "an action starts after the plan"
    return state.plan, state.plan.action(key)
