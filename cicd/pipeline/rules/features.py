"""What stands beside stages and actions: stores, variables, triggers, conditions, and V2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.node import NodeKind
from cicd.document.rules import rule
from cicd.document.unknown import note_unknown
from cicd.pipeline.rules.structure import STAGE, STRUCTURE, actions_of
from cicd.pipeline.spec import ExecutionMode, PipelineType

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

CONDITIONS = ("beforeEntry", "onSuccess", "onFailure")
GATES = {
    "beforeEntry": ("conditions",),
    "onSuccess": ("conditions",),
    "onFailure": ("result", "retryConfiguration", "conditions"),
}
BESIDE = {
    "artifactStore": ("type", "location", "encryptionKey"),
    "triggers": ("providerType", "gitConfiguration"),
}


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


@rule("pipeline/unknown-key")
def unknown_keys(spec: PipelineDeclaration, problems: Problems) -> None:
    """Stores, triggers, conditions and their rules have keys of their own, too."""
    entries = spec.node.entries
    for key, known in BESIDE.items():
        if key in entries:
            _unknown(entries[key].value, key, known, problems)
    for stage in spec.stages:
        for key in CONDITIONS:
            gate = stage.node.entries.get(key)
            if gate is not None:
                _unknown(gate.value, key, GATES[key], problems)
                conditions = gate.value.entries.get("conditions")
                for condition in conditions.value.items if conditions else ():
                    _unknown(condition, "a condition", ("result", "rules"), problems)


def _unknown(node: Node, what: str, known: tuple[str, ...], problems: Problems) -> None:
    for item in node.items or (node,):
        for key, entry in item.entries.items():
            if key not in known:
                note_unknown(
                    entry,
                    problems,
                    rule="pipeline/unknown-key",
                    what=what,
                    known=known,
                    free=tuple(name for name in known if name not in item.entries),
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
    for stage in spec.stages:
        for key in CONDITIONS:
            if key in stage.node.entries:
                problems.error(
                    "pipeline/v2-only",
                    f"'{key}' needs a V2 pipeline",
                    stage.node.entries[key].key_span,
                    hint=hint,
                    note=f"{STAGE}: Stage level conditions can only be used with V2 pipelines.",
                )


@rule("pipeline/variable-name-twice")
def variable_names(spec: PipelineDeclaration, problems: Problems) -> None:
    """Names of pipeline variables are unique."""
    seen: set[str] = set()
    for variable in spec.variables:
        if variable.name in seen:
            problems.error(
                "pipeline/variable-name-twice",
                f"there are two variables named '{variable.name}'",
                variable.node.entries["name"].value.span,
                note=f"{STRUCTURE}: Variable names must be unique. The following variable name is "
                f"already in use: {variable.name}",
            )
        seen.add(variable.name)


@rule("pipeline/trigger-source")
def trigger_source(spec: PipelineDeclaration, problems: Problems) -> None:
    """A trigger names a CodeStarSourceConnection action, and each such action has one trigger."""
    triggers = spec.node.entries.get("triggers")
    connections = {
        action.name
        for action in actions_of(spec)
        if action.type_id.provider == "CodeStarSourceConnection"
    }
    seen: set[str] = set()
    for trigger in triggers.value.items if triggers else ():
        git = trigger.entries.get("gitConfiguration")
        name = git.value.entries.get("sourceActionName") if git else None
        if name is None:
            continue
        if name.value.text not in connections:
            problems.error(
                "pipeline/trigger-source",
                f"'{name.value.text}' is not a CodeStarSourceConnection action",
                name.value.span,
                note=f"{STRUCTURE}: Triggers for connections must reference a "
                "CodeStarSourceConnection action.",
            )
        elif name.value.text in seen:
            problems.error(
                "pipeline/trigger-source",
                f"'{name.value.text}' has two triggers",
                name.value.span,
                note=f"{STRUCTURE}: one trigger for each source action",
            )
        seen.add(name.value.text)


@rule("pipeline/failure-gate")
def failure_gate(spec: PipelineDeclaration, problems: Problems) -> None:
    """``onFailure`` has a result or conditions; a PARALLEL pipeline does not roll back."""
    for stage in spec.stages:
        entry = stage.node.entries.get("onFailure")
        if entry is None:
            continue
        result = entry.value.entries.get("result")
        if result is not None and "conditions" in entry.value.entries:
            problems.error(
                "pipeline/failure-gate",
                f"'onFailure' of '{stage.name}' has both 'result' and 'conditions'",
                entry.key_span,
                hint="remove one of the two",
                note=f"{STAGE}: The following stage cannot have a failure exit gate configured "
                f"with both top level result and conditions: '{stage.name}",
            )
        rolls_back = result is not None and result.value.text == "ROLLBACK"
        if rolls_back and spec.execution_mode is ExecutionMode.PARALLEL:
            problems.error(
                "pipeline/failure-gate",
                f"'{stage.name}' of a PARALLEL pipeline cannot roll back",
                entry.key_span,
                note=f"{STAGE}: Failure conditions with rollback result type cannot be added to a "
                "PARALLEL pipeline.",
            )
