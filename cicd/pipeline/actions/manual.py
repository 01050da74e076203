"""Approval/AWS/Manual: somebody says yes or no, from any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.result import ActionResult, ActionStatus
from cicd.pipeline.spec import ExecutionMode

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services


class ManualApproval:
    """Makes the token and steps back: the process waits for the answer, or for the deadline."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Ask; with ``--approve`` the answer is there already, and says so."""
        del scope
        if request.plan.approve:
            return ActionResult(
                status=ActionStatus.SUCCEEDED,
                summary="Approved beforehand, with --approve",
                updated_by=request.plan.triggered_by,
            )
        for key in ("CustomData", "ExternalEntityLink"):
            if text := request.configuration.get(key):
                request.say(f"{request.action.name}: {text}")
        word = f"{request.plan.execution_id[:8]} {request.action.name}"
        request.say(f"waiting for an approval: cicd pipeline approve {word}")
        request.say(f"or, to refuse it: cicd pipeline reject {word}")
        token = services.new_id()
        # GetPipelineState tells nothing of a PARALLEL pipeline: ListActionExecutions has it, then.
        parallel = request.plan.execution_mode is ExecutionMode.PARALLEL
        return ActionResult(
            status=ActionStatus.IN_PROGRESS,
            token=token,
            external_execution_id=token if parallel else "",
        )

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Ask again: no token of the first time was ever shown."""


MANUAL = ManualApproval()
