"""What must hold between stages, names and features, whatever the actions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.node import NodeKind
from cicd.document.rules import rule
from cicd.pipeline.action_type import Category
from cicd.pipeline.spec import ExecutionMode, PipelineType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration, StageDeclaration

STRUCTURE = "InvalidStructureException"
STAGE = "InvalidStageDeclarationException"
ACTION = "InvalidActionDeclarationException"

MAX_STAGES = 50
MAX_ACTIONS = 50  # a stage
CONDITIONS = ("beforeEntry", "onSuccess", "onFailure")


@rule("pipeline/stage-count")
def stage_count(spec: PipelineDeclaration, problems: Problems) -> None:
    """A pipeline has 2 to 50 stages."""
    count = len(spec.stages)
    if count < 2:
        problems.error(
            "pipeline/stage-count",
            f"the pipeline has {count} stage{'s' * (count != 1)}, and needs 2",
            spec.span("stages"),
            hint="a manual approval after the source is the smallest second stage",
            note=f"{STRUCTURE}: Pipeline has only {count} stage(s). There should be a minimum of "
            "2 stages in a pipeline",
        )
    elif count > MAX_STAGES:
        problems.error(
            "pipeline/stage-count",
            f"the pipeline has {count} stages, and may have {MAX_STAGES}",
            spec.stages[MAX_STAGES].span("name"),
            note=f"{STRUCTURE}: Pipeline has too many stages. There can only be up to 50 stages "
            "in a pipeline",
        )


@rule("pipeline/source-first")
def source_first(spec: PipelineDeclaration, problems: Problems) -> None:
    """The first stage holds source actions and nothing else; no other stage holds one."""
    for index, stage in enumerate(spec.stages):
        for action in stage.actions:
            is_source = action.type_id.category == Category.SOURCE
            if index == 0 and not is_source and action.type_id.category:
                problems.error(
                    "pipeline/source-first",
                    f"'{action.name}' in the first stage is not a source action",
                    action.span("actionTypeId", "category"),
                    hint="move it to a stage of its own",
                    note=f"{STRUCTURE}: Pipeline should start with a stage that only contains "
                    "source actions",
                )
            elif index > 0 and is_source:
                problems.error(
                    "pipeline/source-first",
                    f"the source action '{action.name}' is not in the first stage",
                    action.span("actionTypeId", "category"),
                    hint=f"move it to the stage '{spec.stages[0].name}'",
                    note=f"{STRUCTURE}: Source actions can only be included in the first stage of "
                    "the pipeline",
                )


@rule("pipeline/only-sources")
def only_sources(spec: PipelineDeclaration, problems: Problems) -> None:
    """A pipeline does something with what its sources give."""
    actions = list(_actions(spec))
    if actions and all(action.type_id.category == Category.SOURCE for action in actions):
        problems.error(
            "pipeline/only-sources",
            "the pipeline has source actions only",
            spec.span("stages"),
            hint="add a stage with a build, a deployment or an approval",
            note=f"{STRUCTURE}: Pipeline should contain at least 1 action whose category is not "
            "Source",
        )


@rule("pipeline/stage-name-twice")
def stage_names(spec: PipelineDeclaration, problems: Problems) -> None:
    """Stage names are unique in the pipeline."""
    seen: dict[str, StageDeclaration] = {}
    for stage in spec.stages:
        if stage.name and stage.name in seen:
            problems.error(
                "pipeline/stage-name-twice",
                f"there are two stages named '{stage.name}'",
                stage.span("name"),
                hint=f"the first is at {seen[stage.name].span('name')}",
                note=f"{STAGE}: Stage name '{stage.name}' is used more than once",
            )
        seen.setdefault(stage.name, stage)


@rule("pipeline/action-name-twice")
def action_names(spec: PipelineDeclaration, problems: Problems) -> None:
    """Action names are unique in their stage; two stages may use the same one."""
    for stage in spec.stages:
        seen: dict[str, ActionDeclaration] = {}
        for action in stage.actions:
            if action.name and action.name in seen:
                problems.error(
                    "pipeline/action-name-twice",
                    f"there are two actions named '{action.name}' in the stage '{stage.name}'",
                    action.span("name"),
                    hint=f"the first is at {seen[action.name].span('name')}",
                    note=f"{ACTION}: action names are unique in their stage",
                )
            seen.setdefault(action.name, action)


@rule("pipeline/action-count")
def action_count(spec: PipelineDeclaration, problems: Problems) -> None:
    """A stage has 1 to 50 actions."""
    for stage in spec.stages:
        if not stage.actions:
            problems.error(
                "pipeline/action-count",
                f"the stage '{stage.name}' has no actions",
                stage.span("actions"),
                hint="remove the stage, or give it one",
                note=f"{STAGE}: a stage has 1 to 50 actions",
            )
        elif len(stage.actions) > MAX_ACTIONS:
            problems.error(
                "pipeline/action-count",
                f"the stage '{stage.name}' has {len(stage.actions)} actions, and may have 50",
                stage.actions[MAX_ACTIONS].span("name"),
                note=f"{STAGE}: a stage has 1 to 50 actions",
            )


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
    regions = {action.region: action for action in _actions(spec) if action.region}
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
        for action in _actions(spec)
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


def _actions(spec: PipelineDeclaration) -> Iterator[ActionDeclaration]:
    for stage in spec.stages:
        yield from stage.actions
