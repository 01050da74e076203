"""One stage once more as an earlier execution left it: who may be gone back to, and the plan."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.pipeline.compile import same_stages
from cicd.pipeline.execution import execution_state
from cicd.pipeline.spec import ExecutionMode
from cicd.pipeline.stages import admissions, find_stage
from cicd.pipeline.state import stage_succeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.pipeline.plan import PipelinePlan, StagePlan
    from cicd.pipeline.spec import PipelineDeclaration
    from cicd.pipeline.state import PipelineState
    from cicd.ports import Services

MANUAL_ROLLBACK = "ManualRollback"


def plan_rollback(
    target: str,
    services: Services,
    *,
    stage: str,
    now_is: PipelineDeclaration | None,
    by: str,
) -> PipelinePlan:
    """
    Plan an execution of one stage with the artifacts and variables of an earlier one.

    ``target`` is that one's stream; ``now_is`` the pipeline's structure today, if it is known.
    Raises ``UsageError`` when the stage cannot go back to it.
    Source: CodePipeline API Reference, "RollbackStage"; User Guide, "Configuring stage rollback".
    """
    state = execution_state(target, services)
    plan = state.plan
    assert plan is not None, "execution_state asks for one"
    found = find_stage(plan, stage)
    reason = _refusal(state, plan, found)
    if reason is not None:
        raise UsageError(reason, hint="UnableToRollbackStageException")
    if now_is is not None and not same_stages(plan, now_is):
        raise UsageError(
            f"the pipeline '{plan.name}' was changed since the execution {plan.execution_id}",
            hint="PipelineExecutionOutdatedException: only one of today's structure will do",
        )
    holder = admissions(plan.name, services).lock(stage).holder
    if holder is not None:
        raise UsageError(
            f"the execution {holder} is in the stage '{stage}'",
            hint="ConflictException: wait until it has left, or stop it",
        )
    return rollback_plan(state, found, services.new_id, by=by, trigger=MANUAL_ROLLBACK)


def _refusal(state: PipelineState, plan: PipelinePlan, stage: StagePlan) -> str | None:
    if plan.execution_mode is ExecutionMode.PARALLEL:
        return f"'{plan.name}' runs in the mode PARALLEL, which has no rollback"
    if plan.rolls_back_to:
        return f"the execution {plan.execution_id} is a rollback itself"
    if any(action.type_id.category == "Source" for action in stage.actions()):
        return f"'{stage.name}' is the stage of the sources"
    if stage.name not in state.left or not stage_succeeded(state, stage):
        return f"the stage '{stage.name}' did not succeed in the execution {plan.execution_id}"
    return None


def rollback_plan(
    state: PipelineState, stage: StagePlan, new_id: Callable[[], str], *, by: str, trigger: str
) -> PipelinePlan:
    """Plan a stage of an execution once more; the first ``new_id`` is the new execution's."""
    plan = state.plan
    assert plan is not None, "the plan is the first event"
    execution_id = new_id()
    made = {name for action in stage.actions() for name in action.outputs}
    own = {action.namespace for action in stage.actions()}
    groups = tuple(
        tuple(replace(action, action_execution_id=new_id()) for action in group)
        for group in stage.groups
    )
    return replace(
        plan,
        execution_id=execution_id,
        stages=(replace(stage, groups=groups),),
        trigger_type=trigger,
        triggered_by=by,
        rolls_back_to=plan.execution_id,
        approve=False,  # yes to the first execution is not yes to this one
        artifacts=tuple(
            artifact for name, artifact in state.artifacts.items() if name not in made
        ),
        namespaces=MappingProxyType(
            {name: values for name, values in state.variables.items() if name not in own}
        ),
    )
