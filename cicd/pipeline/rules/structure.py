"""What must hold between stages and actions, whatever they do: order, names, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.problem import Label
from cicd.document.rules import rule
from cicd.pipeline.action_type import Category

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration, StageDeclaration

STRUCTURE = "InvalidStructureException"
STAGE = "InvalidStageDeclarationException"
ACTION = "InvalidActionDeclarationException"

FIRST = "first declared here"
MAX_STAGES = 50
MAX_ACTIONS = 50  # a stage
MAX_OF_PIPELINE = 1000


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
    actions = list(actions_of(spec))
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
                hint="rename one of the two",
                labels=(Label(span=seen[stage.name].span("name"), text=FIRST),),
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
                    hint="rename one of the two",
                    labels=(Label(span=seen[action.name].span("name"), text=FIRST),),
                    note=f"{ACTION}: action names are unique in their stage",
                )
            seen.setdefault(action.name, action)


@rule("pipeline/action-count")
def action_count(spec: PipelineDeclaration, problems: Problems) -> None:
    """A stage has 1 to 50 actions, and a pipeline 1000 at most."""
    every = list(actions_of(spec))
    if len(every) > MAX_OF_PIPELINE:
        problems.error(
            "pipeline/action-count",
            f"the pipeline has {len(every)} actions, and may have {MAX_OF_PIPELINE}",
            every[MAX_OF_PIPELINE].span("name"),
            note=f"{STRUCTURE}: a pipeline has at most {MAX_OF_PIPELINE} actions",
        )
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


def actions_of(spec: PipelineDeclaration) -> Iterator[ActionDeclaration]:
    """Give all actions, stage by stage."""
    for stage in spec.stages:
        yield from stage.actions
