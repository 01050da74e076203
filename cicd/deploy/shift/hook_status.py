"""PutLifecycleEventHookExecutionStatus: a function says how its lifecycle event went."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from cicd.engine.signals import send
from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.ports import Services

SIGNAL: Final = "hook-status"
_REPORTS: Final = ("Succeeded", "Failed")


def execution_id(deployment_id: str, event: LifecycleEvent | str) -> str:
    """Make the opaque ``lifecycleEventHookExecutionId`` of one event of a deployment."""
    return base64.urlsafe_b64encode(f"{deployment_id}:{event}".encode()).decode().rstrip("=")


def reported(stream: str, execution: str, services: Services) -> str | None:
    """Give what a function has reported; None: nothing yet."""
    for _, event in services.log.read(stream):
        if event.data.get("signal") == SIGNAL and event.data.get("execution") == execution:
            return str(event.data["status"])
    return None


def put_hook_status(deployment_id: str, execution: str, status: str, services: Services) -> str:
    """
    Report how a hook went, from any process; gives the id of the execution, as the API does.

    Raises:
        UsageError: There is no such deployment or execution, it is over, or has been reported.

    Source: CodeDeploy API Reference, "PutLifecycleEventHookExecutionStatus".
    """
    from cicd.deploy.carry_through import find_deployment
    from cicd.deploy.history import fold
    from cicd.deploy.plan import RunLifecycleEvent
    from cicd.deploy.processes import process_of
    from cicd.deploy.state import FINAL

    if status not in _REPORTS:
        raise UsageError(
            f"'{status}' is no report (InvalidLifecycleEventHookExecutionStatusException)",
            hint="report Succeeded or Failed",
        )
    record, plan = find_deployment(deployment_id, services)
    hooks = () if plan.shift is None else plan.shift.hooks
    event = next((e for e, _ in hooks if execution_id(plan.deployment_id, e) == execution), None)
    began = None
    if event is not None:
        state = fold(process_of(plan), services)
        began = state.begun.get(RunLifecycleEvent(target=plan.targets[0].id, event=event).key)
    if began is None:
        raise UsageError(
            f"{plan.deployment_id} runs no hook '{execution}' "
            "(InvalidLifecycleEventHookExecutionIdException)",
            hint="take it from the event that the function was called with",
        )
    over = began.outcome is not None or record.status in FINAL
    if over or reported(record.stream, execution, services) is not None:
        raise UsageError(
            f"the hook of {event} has its status already (LifecycleEventAlreadyCompletedException)"
        )
    send(services.log, services.clock, record.stream, SIGNAL, execution=execution, status=status)
    return execution
