"""An execution in the shapes of AWS's own answers: GetPipelineExecution, ListActionExecutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.result import StageStatus
from cicd.pipeline.rule_shapes import rule_executions
from cicd.pipeline.state import stage_failed, stage_skipped, stage_succeeded
from cicd.pipeline.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cicd.event import JSON
    from cicd.pipeline.plan import ActionPlan, PipelinePlan, StagePlan
    from cicd.pipeline.result import StoredArtifact
    from cicd.pipeline.state import ActionState, PipelineState


def pipeline_execution(state: PipelineState, external: Mapping[str, str]) -> dict[str, JSON]:
    """
    Give GetPipelineExecution's answer, with ListActionExecutions' beside it.

    ``external`` holds the external execution ids, by the actions' keys.
    """
    plan = state.plan
    assert plan is not None, "the plan is the first event"
    execution: dict[str, JSON] = {
        "pipelineName": plan.name,
        "pipelineVersion": plan.version,
        "pipelineExecutionId": plan.execution_id,
        "status": state.status().value,
        "artifactRevisions": [
            _revision(artifact) for artifact in state.artifacts.values() if artifact.action
        ],
        "variables": [
            {"name": name, "resolvedValue": value}
            for name, value in state.variables.get(VARIABLES, {}).items()
        ],
        "trigger": {
            "triggerType": plan.trigger_type,
            "triggerDetail": plan.triggered_by,
        },
        "executionMode": plan.execution_mode.value,
        "executionType": plan.execution_type,
    }
    if plan.rolls_back_to:
        execution["rollbackMetadata"] = {"rollbackTargetPipelineExecutionId": plan.rolls_back_to}
    if state.fault is not None:
        execution["statusSummary"] = state.fault.message
    if state.stop is not None:
        execution["stopTrigger"] = {"reason": state.stop.reason}
    retried: dict[str, JSON] = {
        stage: {
            "autoStageRetryAttempt": retries.automatic,
            "manualStageRetryAttempt": retries.manual,
            "latestRetryTrigger": retries.latest,
        }
        for stage, retries in state.retries.items()
        if retries.latest
    }
    return {
        "pipelineExecution": execution,
        **({"retryStageMetadata": retried} if retried else {}),
        "actionExecutionDetails": action_executions(state, external),
        **({"ruleExecutionDetails": asked} if (asked := rule_executions(state)) else {}),
    }


def execution_summary(state: PipelineState) -> dict[str, JSON]:
    """Give an element of ListPipelineExecutions' summaries."""
    plan = state.plan
    assert plan is not None, "the plan is the first event"
    return {
        "pipelineName": plan.name,  # the call is asked for one pipeline; we list them all
        "pipelineExecutionId": plan.execution_id,
        "status": state.status().value,
        **({"statusSummary": state.fault.message} if state.fault is not None else {}),
        **({"startTime": state.started_at.isoformat()} if state.started_at else {}),
        **({"lastUpdateTime": state.updated_at.isoformat()} if state.updated_at else {}),
        "sourceRevisions": [
            {
                "actionName": artifact.action,
                "revisionId": artifact.revision_id,
                "revisionSummary": artifact.revision_summary,
                "revisionUrl": artifact.revision_url,
            }
            for artifact in state.artifacts.values()
            if artifact.action
        ],
        "trigger": {"triggerType": plan.trigger_type, "triggerDetail": plan.triggered_by},
        **({"stopTrigger": {"reason": state.stop.reason}} if state.stop is not None else {}),
        "executionMode": plan.execution_mode.value,
        "executionType": plan.execution_type,
        **(
            {"rollbackMetadata": {"rollbackTargetPipelineExecutionId": plan.rolls_back_to}}
            if plan.rolls_back_to
            else {}
        ),
    }


def action_executions(state: PipelineState, external: Mapping[str, str]) -> list[JSON]:
    """Give ListActionExecutions' details, newest first; an action never started has none."""
    plan = state.plan
    assert plan is not None, "the plan is the first event"
    started = [
        (action, known)
        for action in plan.actions()
        for known in (
            *state.earlier.get(action.key, ()),
            *((state.actions[action.key],) if action.key in state.actions else ()),
        )
    ]
    started.sort(key=lambda found: found[1].started_at)
    return [
        _action_execution(plan, state, action, found, external)
        for action, found in reversed(started)
    ]


def stage_status(state: PipelineState, stage: StagePlan) -> StageStatus | None:
    """Say how a stage stands; ``None``: it was not entered."""
    if stage.name not in state.entered:
        return StageStatus.IN_PROGRESS if stage.name in state.retries else None
    if stage.name not in state.left:
        return StageStatus.STOPPING if state.stop else StageStatus.IN_PROGRESS
    if stage_skipped(state, stage):
        return StageStatus.SKIPPED
    if stage_succeeded(state, stage):
        return StageStatus.SUCCEEDED
    if state.stop is not None or not stage_failed(state, stage):
        return StageStatus.STOPPED
    return StageStatus.FAILED


def succeeded_in(state: PipelineState, stage: str) -> bool:
    """Tell whether an execution got through a stage of this name."""
    assert state.plan is not None, "the plan is the first event"
    try:
        return stage_status(state, state.plan.stage(stage)) is StageStatus.SUCCEEDED
    except KeyError:
        return False


def _action_execution(
    plan: PipelinePlan,
    state: PipelineState,
    action: ActionPlan,
    found: ActionState,
    external: Mapping[str, str],
) -> JSON:
    result = found.result
    latest = state.actions.get(action.key) is found
    led_to = external.get(action.key, "") if latest else ""
    if result is not None and not latest:
        led_to = result.external_execution_id
    outcome: dict[str, JSON] = {"externalExecutionId": led_to}
    if result is not None:
        outcome["externalExecutionSummary"] = result.summary
        if result.external_execution_url:
            outcome["externalExecutionUrl"] = result.external_execution_url
        if result.error is not None:
            outcome["errorDetails"] = {
                "code": result.error.code.value,
                "message": result.error.message,
                **({"where": result.error.where} if result.error.where else {}),
            }
        if found.waits:
            outcome["token"] = result.token
    made = {artifact.name: artifact for artifact in result.outputs} if result else {}
    return {
        "pipelineExecutionId": plan.execution_id,
        "actionExecutionId": action.execution_id(found.attempt),
        "pipelineVersion": plan.version,
        "stageName": action.stage,
        "actionName": action.name,
        "startTime": _time(found.started_at),
        "lastUpdateTime": _time(found.updated_at),
        **({"updatedBy": result.updated_by} if result and result.updated_by else {}),
        "status": found.status.value,
        "input": {
            "actionTypeId": {
                "category": action.type_id.category,
                "owner": action.type_id.owner,
                "provider": action.type_id.provider,
                "version": action.type_id.version,
            },
            "configuration": dict(action.configuration),
            "resolvedConfiguration": dict(found.resolved),
            **({"roleArn": action.role_arn} if action.role_arn else {}),
            "region": action.region or plan.region,
            "inputArtifacts": artifact_places(
                plan,
                action.region,
                [state.artifacts[n] for n in action.inputs if n in state.artifacts],
            ),
            **({"namespace": action.namespace} if action.namespace else {}),
        },
        "output": {
            "outputArtifacts": artifact_places(plan, action.region, made.values()),
            "executionResult": outcome,
            "outputVariables": dict(result.variables) if result else {},
        },
    }


def artifact_places(
    plan: PipelinePlan, region: str | None, artifacts: Iterable[StoredArtifact]
) -> list[JSON]:
    """Give artifacts by their names, and where they would be in AWS, in an action's Region."""
    return [
        {
            "name": artifact.name,
            "s3location": {"bucket": plan.bucket_in(region), "key": artifact.key},
        }
        for artifact in artifacts
    ]


def _revision(artifact: StoredArtifact) -> JSON:
    return {
        "name": artifact.name,
        "revisionId": artifact.revision_id,
        "revisionSummary": artifact.revision_summary,
        "revisionUrl": artifact.revision_url,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
