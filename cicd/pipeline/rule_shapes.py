"""What a stage's conditions were asked and said, in the shape of ListRuleExecutions. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from cicd.pipeline.commands import numbered
from cicd.pipeline.condition import ConditionStatus

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.event import JSON
    from cicd.pipeline.condition import ConditionPlan, RulePlan, RuleResult
    from cicd.pipeline.plan import StagePlan
    from cicd.pipeline.state import PipelineState


def rule_executions(state: PipelineState) -> list[dict[str, JSON]]:
    """Give the details of every rule of each stage's latest attempt that was asked."""
    assert state.plan is not None, "the plan is the first event"
    return [
        shape
        for stage in state.plan.stages
        for condition in stage.conditions
        for shape in executions_of(state, stage, condition)
    ]


def executions_of(
    state: PipelineState, stage: StagePlan, condition: ConditionPlan
) -> list[dict[str, JSON]]:
    """Give the details of those rules of one condition that were asked."""
    return [
        shape
        for place, rule in enumerate(condition.rules)
        if (shape := _execution(state, stage, condition, rule, place)) is not None
    ]


def condition_status(
    state: PipelineState, stage: StagePlan, condition: ConditionPlan
) -> ConditionStatus | None:
    """Say how a condition stands; ``None``: it was not asked."""
    name = f"{stage.name}/{condition.gate}"
    if name in state.conditions:
        return state.conditions[name].status
    asked = any(key.startswith(f"check:{name}/") for key in state.asked)
    return ConditionStatus.IN_PROGRESS if asked or f"{name}/0" in state.said else None


def _execution(
    state: PipelineState, stage: StagePlan, condition: ConditionPlan, rule: RulePlan, place: int
) -> dict[str, JSON] | None:
    assert state.plan is not None, "the plan is the first event"
    name = f"{stage.name}/{condition.gate}/{place}"
    said = _said(state, stage, condition, place)
    key = numbered(f"check:{name}", state.attempt(stage.name))
    begun = said.started_at if said is not None else state.asked.get(key)
    if said is None and begun is None:
        return None
    status = said.status if said is not None else ConditionStatus.IN_PROGRESS
    updated = said.updated_at if said is not None else begun
    outcome: dict[str, JSON] = {}
    if said is not None:
        outcome["externalExecutionId"] = said.external_execution_id
        outcome["externalExecutionSummary"] = said.summary
        if said.code:
            outcome["errorDetails"] = {"code": said.code, "message": said.summary}
    return {
        "pipelineExecutionId": state.plan.execution_id,
        "ruleExecutionId": str(uuid5(UUID(state.plan.execution_id), key)),
        "pipelineVersion": state.plan.version,
        "stageName": stage.name,
        "ruleName": rule.name,
        **_time("startTime", begun),
        **_time("lastUpdateTime", updated),
        "status": status.value,
        "input": {
            "ruleTypeId": {
                "category": "Rule",
                "owner": "AWS",
                "provider": rule.provider,
                "version": "1",
            },
            "configuration": dict(rule.configuration),
            "resolvedConfiguration": dict(said.resolved) if said is not None else {},
            "inputArtifacts": [
                {
                    "name": artifact,
                    "s3location": {
                        "bucket": state.plan.bucket,
                        "key": state.artifacts[artifact].key,
                    },
                }
                for artifact in rule.inputs
                if artifact in state.artifacts
            ],
        },
        "output": {"executionResult": outcome},
    }


def _said(
    state: PipelineState, stage: StagePlan, condition: ConditionPlan, place: int
) -> RuleResult | None:
    name = f"{stage.name}/{condition.gate}"
    if name in state.conditions:
        return state.conditions[name].rules[place]
    return state.said.get(f"{name}/{place}")


def _time(name: str, moment: datetime | None) -> dict[str, JSON]:
    if moment is None:
        return {}
    return {name: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
