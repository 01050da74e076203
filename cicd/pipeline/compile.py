"""A declaration, and what the start of an execution asked for → its plan."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.account import region
from cicd.engine.graph import Dag
from cicd.errors import UsageError
from cicd.pipeline.action_type import Category, find_action_type
from cicd.pipeline.local_builds import LocalBuilds
from cicd.pipeline.plan import ActionPlan, PipelinePlan, StagePlan
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cicd.pipeline.spec import (
        ActionDeclaration,
        PipelineDeclaration,
        StageDeclaration,
    )

MASKED = "****"  # what AWS gives back for a secret
MAX_VALUE = 1000  # characters of a pipeline variable's value


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the start of an execution asks for."""

    variables: Mapping[str, str] = field(default_factory=dict)
    revisions: Mapping[str, str] = field(default_factory=dict)  # source action → version
    working_tree: bool = False
    approve: bool = False
    builds: LocalBuilds = field(default_factory=LocalBuilds)
    triggered_by: str = ""


def compile_plan(
    spec: PipelineDeclaration, start: Start, *, root: Path, new_id: Callable[[], str]
) -> PipelinePlan:
    """
    Make the plan; raises ``UsageError`` for a variable or a source that there is not.

    Every action has its execution id from the beginning, so that it can be told apart.
    """
    execution_id = new_id()
    buckets = _buckets(spec)
    here = region()
    return PipelinePlan(
        execution_id=execution_id,
        name=spec.name,
        version=spec.version,
        pipeline_type=spec.pipeline_type,
        execution_mode=spec.execution_mode,
        region=here,
        bucket=buckets.get("") or buckets.get(here) or next(iter(buckets.values()), ""),
        buckets=MappingProxyType({name: each for name, each in buckets.items() if name}),
        stages=tuple(_stages(spec, new_id)),
        disabled=spec.disabled,
        variables=_variables(spec, start.variables),
        revisions=_revisions(spec, start.revisions),
        root=str(root.absolute()),
        working_tree=start.working_tree,
        approve=start.approve,
        builds=start.builds,
        triggered_by=start.triggered_by,
    )


def _buckets(spec: PipelineDeclaration) -> Mapping[str, str]:
    """Give the locations of the artifact stores by Region; the only one's is ""."""
    one, several = (spec.node.entries.get(key) for key in ("artifactStore", "artifactStores"))
    stores = {"": one.value} if one else {}
    stores |= {key: entry.value for key, entry in several.value.entries.items()} if several else {}
    return {
        key: store.entries["location"].value.text
        for key, store in stores.items()
        if "location" in store.entries
    }


def same_stages(plan: PipelinePlan, spec: PipelineDeclaration) -> bool:
    """Tell whether a plan was made of this structure; where things stand in a file is nothing."""
    rolled_back = {stage.name for stage in plan.stages} if plan.rolls_back_to else None
    today = tuple(
        stage for stage in _stages(spec, str) if rolled_back is None or stage.name in rolled_back
    )
    return _bare(plan.stages) == _bare(today)


def same_structure(one: PipelinePlan, other: PipelinePlan) -> bool:
    """Tell whether two plans were made of the same structure."""
    return _bare(one.stages) == _bare(other.stages)


def _bare(stages: tuple[StagePlan, ...]) -> tuple[StagePlan, ...]:
    return tuple(
        replace(
            stage,
            where="",
            groups=tuple(
                tuple(replace(action, action_execution_id="", where="") for action in group)
                for group in stage.groups
            ),
        )
        for stage in stages
    )


def execution_graph(spec: PipelineDeclaration) -> Dag[str]:
    """
    Draw who waits for whom: nodes are "Stage/Action".

    Barrier edges lead from every action of a group to every one of the next group;
    data edges from who makes an artifact to who takes it. Barriers dominate: data never
    starts an action early.
    """
    groups = [
        [f"{stage.name}/{action.name}" for action in group]
        for stage in spec.stages
        for group in _groups(stage)
    ]
    edges = [
        (before, after)
        for earlier, later in itertools.pairwise(groups)
        for before in earlier
        for after in later
    ]
    made = {
        output.name: f"{stage.name}/{action.name}"
        for stage in spec.stages
        for action in stage.actions
        for output in action.outputs
    }
    edges += [
        (made[taken.name], f"{stage.name}/{action.name}")
        for stage in spec.stages
        for action in stage.actions
        for taken in action.inputs
        if taken.name in made
    ]
    return Dag([name for group in groups for name in group], edges)


def _groups(stage: StageDeclaration) -> Iterator[list[ActionDeclaration]]:
    """Give the actions by ascending ``runOrder``: gaps mean nothing, and neither do lists."""
    for order in sorted({action.run_order for action in stage.actions}):
        yield [action for action in stage.actions if action.run_order == order]


def _stages(spec: PipelineDeclaration, new_id: Callable[[], str]) -> Iterator[StagePlan]:
    """
    Give the stages with their groups of actions, which begin together.

    They are the generations of ``execution_graph``, which is drawn only where it is asked for:
    of ten thousand actions it has half a million edges.
    """
    for stage in spec.stages:
        yield StagePlan(
            name=stage.name,
            groups=tuple(
                tuple(_action(stage.name, action, new_id()) for action in group)
                for group in _groups(stage)
            ),
            where=str(stage.span("name")),
            conditions=stage.conditions,
            retry=stage.retry,
            rolls_back=stage.rolls_back,
        )


def _action(stage: str, action: ActionDeclaration, execution_id: str) -> ActionPlan:
    kind = find_action_type(action.type_id)
    masked = kind.masked if kind else ()
    return ActionPlan(
        action_execution_id=execution_id,
        stage=stage,
        name=action.name,
        type_id=action.type_id,
        run_order=action.run_order,
        configuration=MappingProxyType(
            {
                key: MASKED if key in masked else value
                for key, value in action.configuration.items()
            }
        ),
        inputs=tuple(artifact.name for artifact in action.inputs),
        outputs=tuple(artifact.name for artifact in action.outputs),
        region=action.region,
        role_arn=action.role_arn,
        namespace=action.namespace,
        timeout=action.timeout,
        where=str(action.span("name")),
        commands=action.commands,
        command_places=action.command_places,
        output_variables=action.output_variables,
        environment=action.environment,
        files=tuple(file for artifact in action.outputs for file in artifact.files),
        simulate=action.simulate,
    )


def _variables(spec: PipelineDeclaration, given: Mapping[str, str]) -> Mapping[str, str]:
    declared = {variable.name: variable.default for variable in spec.variables}
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise UsageError(
                f"the pipeline '{spec.name}' declares no variable '{name}'",
                hint=f"its variables: {known}",
            )
        if not 1 <= len(value) <= MAX_VALUE:
            raise UsageError(
                f"the value of the variable '{name}' has {len(value)} characters",
                hint=f"a value has 1 to {MAX_VALUE}",
            )
    resolved = {name: given.get(name, default) for name, default in declared.items()}
    missing = [name for name, value in resolved.items() if value is None]
    if missing:
        raise UsageError(
            f"the variable '{missing[0]}' of the pipeline '{spec.name}' has no value",
            hint=" ".join(f"--variable {name}=VALUE" for name in missing),
        )
    return MappingProxyType({name: value for name, value in resolved.items() if value is not None})


def _revisions(spec: PipelineDeclaration, given: Mapping[str, str]) -> Mapping[str, str]:
    sources = [
        action.name for action in spec.actions() if action.type_id.category == Category.SOURCE
    ]
    for name in given:
        if name not in sources:
            raise UsageError(
                f"the pipeline '{spec.name}' has no source action '{name}'",
                hint=f"its source actions: {', '.join(sources)}",
            )
    return MappingProxyType(dict(given))
