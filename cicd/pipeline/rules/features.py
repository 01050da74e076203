"""What stands beside stages and actions: stores, variables, and what only V2 has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.node import NodeKind
from cicd.document.rules import rule
from cicd.pipeline.rules.gates import gates
from cicd.pipeline.rules.structure import STAGE, STRUCTURE, actions_of
from cicd.pipeline.spec import ExecutionMode, PipelineType

if TYPE_CHECKING:
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration


@rule("pipeline/artifact-store")
def artifact_store(spec: PipelineDeclaration, problems: Problems) -> None:
    """Exactly one of ``artifactStore`` and ``artifactStores``; several regions need the latter."""
    one, several = (spec.node.entries.get(key) for key in ("artifactStore", "artifactStores"))
    if one is not None and several is not None:
        problems.error(
            "pipeline/artifact-store",
            "'artifactStore' and 'artifactStores' exclude each other",
            several.key_span,
            hint="remove one of the two",
            note=f"{STRUCTURE}: exactly one of artifactStore and artifactStores",
        )
    elif one is None and several is None:
        problems.error(
            "pipeline/artifact-store",
            "the pipeline has no 'artifactStore'",
            spec.span("name"),
            hint="artifactStore: {type: S3, location: any-bucket-name}; it is not contacted here",
            note=f"{STRUCTURE}: exactly one of artifactStore and artifactStores",
        )
    regions = {action.region: action for action in actions_of(spec) if action.region}
    if several is None and len(regions) > 1:
        problems.error(
            "pipeline/artifact-store",
            f"the actions are in {len(regions)} regions: {', '.join(regions)}",
            list(regions.values())[1].span("region"),
            hint="use 'artifactStores', a store for each region",
            note=f"{STRUCTURE}: Your pipeline contains actions in more than one region. Use "
            "'pipeline.artifactStores' instead of 'pipeline.artifactStore' to declare an artifact "
            "store, such as an artifact bucket, for each region where you have an action.",
        )
    if several is None or several.value.kind is not NodeKind.MAPPING:
        return
    for region, action in regions.items():
        if region not in several.value.entries:
            problems.error(
                "pipeline/artifact-store",
                f"'{action.name}' is in {region}, which has no artifact store",
                action.span("region"),
                hint=f"add '{region}' to 'artifactStores'",
                note=f"{STRUCTURE}: Your pipeline must have an artifact store, such as an "
                "artifact bucket, for each region where you have an action. The following "
                f"region is missing in 'pipeline.artifactStores': {region}.",
            )


@rule("pipeline/v2-only")
def v2_only(spec: PipelineDeclaration, problems: Problems) -> None:
    """Features of V2 need ``pipelineType: V2``: absent means V1, and nothing upgrades it."""
    if spec.pipeline_type is PipelineType.V2:
        return
    entries = spec.node.entries
    hint = "add pipelineType: V2"
    if spec.execution_mode is not ExecutionMode.SUPERSEDED:
        problems.error(
            "pipeline/v2-only",
            f"the execution mode {spec.execution_mode} needs a V2 pipeline",
            spec.span("executionMode"),
            hint=hint,
            note=f"{STRUCTURE}: QUEUED or PARALLEL mode can only be used with V2 pipelines",
        )
    for key, text in (
        ("variables", "Pipeline variable can only be used with V2 pipelines"),
        ("triggers", "Triggers on tag can only be used with V2 pipelines"),
    ):
        if key in entries and entries[key].value.items:
            problems.error(
                "pipeline/v2-only",
                f"'{key}' need a V2 pipeline",
                entries[key].key_span,
                hint=hint,
                note=f"{STRUCTURE}: {text}",
            )
    for _, key, entry in gates(spec):
        problems.error(
            "pipeline/v2-only",
            f"'{key}' needs a V2 pipeline",
            entry.key_span,
            hint=hint,
            note=f"{STAGE}: Stage level conditions can only be used with V2 pipelines.",
        )


@rule("pipeline/variable-name-twice")
def variable_names(spec: PipelineDeclaration, problems: Problems) -> None:
    """Names of pipeline variables are unique."""
    seen: set[str] = set()
    for variable in spec.variables:
        if variable.name and variable.name in seen:
            problems.error(
                "pipeline/variable-name-twice",
                f"there are two variables named '{variable.name}'",
                variable.node.entries["name"].value.span,
                note=f"{STRUCTURE}: Variable names must be unique. The following variable name is "
                f"already in use: {variable.name}",
            )
        seen.add(variable.name)
