"""A pipeline as it stands, stage by stage, in the shape of GetPipelineState's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.execution import execution_state, result_of
from cicd.pipeline.rule_shapes import condition_status, executions_of
from cicd.pipeline.shapes import stage_status
from cicd.pipeline.spec import ExecutionMode
from cicd.pipeline.stages import admissions, inbound_transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.event import JSON
    from cicd.pipeline.admission import Admissions
    from cicd.pipeline.plan import PipelinePlan, StagePlan
    from cicd.pipeline.state import PipelineState
    from cicd.ports import Services


def pipeline_state(plan: PipelinePlan, services: Services) -> dict[str, JSON]:
    """
    Give the state of a pipeline, ``plan`` being its newest execution's.

    Source: CodePipeline API Reference, "GetPipelineState"; of a PARALLEL pipeline, whose stages
    no execution holds, it says nothing but its transitions.
    """
    inside = admissions(plan.name, services)
    records = services.executions.list(kind="pipeline", name=plan.name)
    known: dict[str, JSON] = {}
    if records:
        known["created"] = records[-1].created_at.isoformat()
        known["updated"] = records[0].created_at.isoformat()
    return {
        "pipelineName": plan.name,
        "pipelineVersion": plan.version,
        "stageStates": [
            {
                "stageName": stage.name,
                "inboundTransitionState": inbound_transition(inside, stage.name),
                **_in_front(inside.lock(stage.name).waiting),
                **_inside(stage, _latest(plan, stage, inside), services),
            }
            for stage in plan.stages
        ],
        **known,
    }


def _latest(plan: PipelinePlan, stage: StagePlan, inside: Admissions) -> str | None:
    return None if plan.execution_mode is ExecutionMode.PARALLEL else inside.latest.get(stage.name)


def _in_front(waiting: Iterable[str]) -> dict[str, JSON]:
    found: list[JSON] = [{"pipelineExecutionId": id_, "status": "InProgress"} for id_ in waiting]
    return {"inboundExecutions": found, "inboundExecution": found[0]} if found else {}


def _inside(stage: StagePlan, latest: str | None, services: Services) -> dict[str, JSON]:
    names = [action.name for action in stage.actions()]
    if latest is None:
        return {"actionStates": [{"actionName": name} for name in names]}
    stream = f"pipeline/{latest}"
    state = execution_state(stream, services)
    assert state.plan is not None, "execution_state asks for one"
    execution = result_of(state, stream, services).execution
    details = execution["actionExecutionDetails"]
    assert isinstance(details, list), "of a list of shapes"
    known = {
        str(each["actionName"]): _action(each)
        for each in reversed(details)  # the newest attempt of each is the one that stays
        if isinstance(each, dict) and each["stageName"] == stage.name
    }
    entered = next((each for each in state.plan.stages if each.name == stage.name), stage)
    status = stage_status(state, entered)
    revisions = _revisions(state, entered)
    return {
        "actionStates": [
            {
                "actionName": name,
                **revisions.get(name, {}),
                **({"latestExecution": known[name]} if name in known else {}),
            }
            for name in names
        ],
        **(
            {
                "latestExecution": {
                    "pipelineExecutionId": latest,
                    "status": status.value,
                    "type": state.plan.execution_type,
                }
            }
            if status is not None
            else {}
        ),
        **_conditions(state, entered),
        **_retries(execution, stage.name),
    }


def _revisions(state: PipelineState, stage: StagePlan) -> Mapping[str, dict[str, JSON]]:
    """Give what a stage's source actions took, by their names."""
    sources = {action.name for action in stage.actions() if action.type_id.category == "Source"}
    return {
        artifact.action: {
            "currentRevision": {"revisionId": artifact.revision_id},
            **({"revisionUrl": artifact.revision_url} if artifact.revision_url else {}),
        }
        for artifact in state.artifacts.values()
        if artifact.action in sources
    }


def _conditions(state: PipelineState, stage: StagePlan) -> dict[str, JSON]:
    """Give the states of a stage's conditions that were asked, such as beforeEntry's."""
    found: dict[str, JSON] = {}
    for condition in stage.conditions:
        status = condition_status(state, stage, condition)
        if status is None:
            continue
        asked = executions_of(state, stage, condition)
        changed = max((str(each["lastUpdateTime"]) for each in asked), default="")
        shape: JSON = {
            "status": status.value,
            **({"lastStatusChange": changed} if changed else {}),
        }
        rules: list[JSON] = [
            {"ruleName": each["ruleName"], "latestExecution": _rule(each)} for each in asked
        ]
        found[f"{condition.gate}ConditionState"] = {
            "latestExecution": {"status": status.value},
            "conditionStates": [{"latestExecution": shape, "ruleStates": rules}],
        }
    return found


def _rule(details: Mapping[str, JSON]) -> JSON:
    output = details["output"]
    outcome = output["executionResult"] if isinstance(output, dict) else {}
    assert isinstance(outcome, dict), "of a mapping of shapes"
    return {
        "ruleExecutionId": details["ruleExecutionId"],
        "status": details["status"],
        "lastStatusChange": details["lastUpdateTime"],
        "summary": outcome.get("externalExecutionSummary", ""),
        **{key: value for key, value in outcome.items() if key == "errorDetails"},
    }


def _retries(execution: Mapping[str, JSON], stage: str) -> dict[str, JSON]:
    retried = execution.get("retryStageMetadata")
    found = retried.get(stage) if isinstance(retried, dict) else None
    return {"retryStageMetadata": found} if found is not None else {}


def _action(details: Mapping[str, JSON]) -> JSON:
    """Give ``latestExecution`` of an action out of ListActionExecutions' details."""
    output = details["output"]
    result = output["executionResult"] if isinstance(output, dict) else {}
    assert isinstance(result, dict), "of a mapping of shapes"
    found = {name: value for name, value in result.items() if value}
    summary = found.pop("externalExecutionSummary", None)
    return {
        "actionExecutionId": details["actionExecutionId"],
        "status": details["status"],
        "lastStatusChange": details["lastUpdateTime"],
        **({"summary": summary} if summary else {}),
        **({"lastUpdatedBy": details["updatedBy"]} if "updatedBy" in details else {}),
        **found,
    }
