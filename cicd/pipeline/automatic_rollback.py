"""A stage that goes back by itself: to which execution, and the one that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from cicd.errors import UsageError
from cicd.pipeline.compile import same_structure
from cicd.pipeline.execution import execution_state
from cicd.pipeline.rollback import rollback_plan
from cicd.pipeline.stages import find_stage
from cicd.pipeline.state import Rollback, stage_skipped, stage_succeeded
from cicd.pipeline.submission import submit_execution

if TYPE_CHECKING:
    from cicd.pipeline.commands import BeginRollback
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.state import PipelineState
    from cicd.ports import Services

AUTOMATED_ROLLBACK = "AutomatedRollback"


def begin_rollback(command: BeginRollback, plan: PipelinePlan, services: Services) -> Rollback:
    """
    Submit the execution that goes back; doing it twice submits one.

    It goes back to the newest execution of the same structure that succeeded in the stage.
    Source: CodePipeline User Guide, "Configure stage rollback": the first failure after an edit
    rolls nothing back.
    """
    target = _target(command.stage, plan, services)
    if target is None or target.plan is None:
        why = "no execution of this structure has succeeded in it"
        return Rollback(stage=command.stage, why=why)
    execution_id = str(uuid5(UUID(plan.execution_id), command.key))
    names = iter((execution_id,))
    submit_execution(
        rollback_plan(
            target,
            find_stage(target.plan, command.stage),
            lambda: next(names, None) or services.new_id(),
            by=plan.execution_id,
            trigger=AUTOMATED_ROLLBACK,
        ),
        services,
        parent=f"pipeline/{plan.execution_id}/{command.key}",
    )
    return Rollback(
        stage=command.stage, execution_id=execution_id, target=target.plan.execution_id
    )


def _target(stage: str, plan: PipelinePlan, services: Services) -> PipelineState | None:
    for record in services.executions.list(kind="pipeline", name=plan.name):
        try:
            state = execution_state(record.stream, services)
        except UsageError:  # submitted by somebody who died before the first event
            continue
        before = state.plan
        if before is None or before.execution_id == plan.execution_id or before.rolls_back_to:
            continue
        if stage not in state.left or not same_structure(before, plan):
            continue
        found = find_stage(before, stage)
        if stage_succeeded(state, found) and not stage_skipped(state, found):
            return state
    return None
