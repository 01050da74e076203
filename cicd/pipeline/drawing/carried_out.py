"""The pipeline that an execution carries out, whatever its definition says by now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.node import Node, NodeKind
from cicd.document.position import Source
from cicd.pipeline.spec import (
    ActionDeclaration,
    ArtifactName,
    PipelineDeclaration,
    StageDeclaration,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.pipeline.plan import ActionPlan, PipelinePlan


def carried_out(plan: PipelinePlan) -> PipelineDeclaration:
    """
    Give what a drawing needs of an execution's plan, as a declaration without a document.

    A rollback has the one stage that it runs again.
    """
    stages = tuple(
        StageDeclaration(
            name=stage.name,
            actions=tuple(_action(action) for action in stage.actions()),
            conditions=stage.conditions,
            retry=stage.retry,
            rolls_back=stage.rolls_back,
            node=_NOWHERE,
        )
        for stage in plan.stages
    )
    return PipelineDeclaration(name=plan.name, stages=stages, node=_NOWHERE)


def _action(action: ActionPlan) -> ActionDeclaration:
    return ActionDeclaration(
        name=action.name,
        type_id=action.type_id,
        run_order=action.run_order,
        configuration=action.configuration,
        inputs=_artifacts(action.inputs),
        outputs=_artifacts(action.outputs),
        node=_NOWHERE,
    )


def _artifacts(names: Iterable[str]) -> tuple[ArtifactName, ...]:
    return tuple(ArtifactName(name=name, span=_NOWHERE.span) for name in names)


_NOWHERE = Node(kind=NodeKind.MAPPING, span=Source(name="", text="").span(0, 0))
