"""What a declaration must hold beyond types and limits; AWS's own words stand in the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.rules import action, features, flow, gates, local, structure, triggers, values

if TYPE_CHECKING:
    from cicd.document.rules import Rule
    from cicd.pipeline.spec import PipelineDeclaration

RULES: tuple[Rule[PipelineDeclaration], ...] = (
    structure.stage_count,
    structure.source_first,
    structure.only_sources,
    structure.stage_names,
    structure.action_names,
    structure.action_count,
    features.artifact_store,
    features.unknown_keys,
    features.v2_only,
    features.variable_names,
    features.trigger_source,
    triggers.trigger_filter,
    features.failure_gate,
    action.unknown_action_type,
    action.configuration,
    action.artifact_count,
    action.v2_action,
    action.compute_only,
    action.approval_timeout,
    action.primary_source,
    flow.output_names,
    flow.input_order,
    flow.clone_references,
    flow.namespaces,
    flow.variable_references,
    gates.gate_result,
    gates.retry_with_conditions,
    gates.gate_rule,
    values.unknown_variable,
    values.environment_variables,
    values.artifact_path,
    values.bucket_name,
    values.old_source,
    values.source_region,
    values.plain_secret,
    values.unused_artifact,
    local.provider_not_here,
    local.condition_not_here,
    local.blocker,
    local.not_text,
)
