"""The function of a lifecycle event is called, and its report is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.shift import hook_status
from cicd.deploy.shift.fault import ShiftFault
from cicd.engine.process import Outcome, OutcomeStatus

if TYPE_CHECKING:
    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.deploy.plan import DeploymentPlan
    from cicd.engine.process import Scope
    from cicd.ports import Services

_DONE: Final = Outcome(status=OutcomeStatus.DONE)
_HOOK_FAILED: Final = (
    "The deployment failed because one or more of the lifecycle event validation functions failed."
)
_NO_REPORT: Final = (
    "The deployment timed out while waiting for a status callback. CodeDeploy expects a status "
    "callback within one hour after a deployment hook is invoked."
)


def call_hook(
    plan: DeploymentPlan, event: LifecycleEvent, services: Services, scope: Scope
) -> Outcome:
    """
    Call the function of an event, unless it has reported already, and wait for its report.

    A function ends with the driver that called it, so who goes on after a crash calls it again.
    What it returns means nothing, and silence is a no.

    Raises:
        ShiftFault: There is none, it reported Failed, or nothing in its time.

    """
    name = "" if plan.shift is None else (plan.shift.hook(event) or "")
    execution = hook_status.execution_id(plan.deployment_id, event)
    if hook_status.reported(scope.stream, execution, services) is None:
        functions = services.hook_functions()
        if functions is None or not functions.has(name):
            raise ShiftFault(
                "HOOK_EXECUTION_FAILURE", f"{_HOOK_FAILED} There is no function '{name}' here."
            )
        functions.call(
            name,
            {"DeploymentId": plan.deployment_id, "LifecycleEventHookExecutionId": execution},
        )
    inbox = services.clock.inbox()
    scope.cancel.on_cancel(lambda: inbox.put(None))
    while True:
        status = hook_status.reported(scope.stream, execution, services)
        if status == "Succeeded":
            return _DONE
        if status is not None:
            raise ShiftFault("HOOK_EXECUTION_FAILURE", f"{_HOOK_FAILED} {name} reported {status}.")
        if scope.cancel.reason is not None:
            raise ShiftFault(
                "HOOK_EXECUTION_FAILURE", f"{_NO_REPORT} See 'cicd function logs {name}'."
            )
        inbox.take(None)
