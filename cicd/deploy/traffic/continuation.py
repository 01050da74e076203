"""ContinueDeployment: a wait of a blue/green deployment is over, because somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.history import KIND, fold, read_plan
from cicd.deploy.processes import process_of
from cicd.deploy.traffic.blue_green import Stage
from cicd.deploy.traffic.plan import WaitType
from cicd.engine.signals import send
from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.ports import ExecutionRecord, Services


def continue_deployment(
    deployment_id: str, services: Services, wait: WaitType | None = None
) -> ExecutionRecord:
    """
    End a wait; gives the deployment's record, which says whether anybody drives it.

    Args:
        deployment_id: Or the beginning of it.
        services: The services.
        wait: Which one; None: the one that it is in.

    Raises:
        UsageError: There is none, or it does not wait.

    Source: CodeDeploy API Reference, "ContinueDeployment".
    """
    record = services.executions.find(KIND, deployment_id)
    plan = None if record is None else read_plan(record.stream, services)
    if record is None or plan is None:
        raise UsageError(
            f"no deployment '{deployment_id}' (DeploymentDoesNotExistException)",
            hint="'cicd deploy list' shows what there is",
        )
    if plan.blue_green is None and plan.shift is None:
        raise UsageError(
            f"deployment {plan.deployment_id} is in place, and has no waits "
            "(UnsupportedActionForDeploymentTypeException)"
        )
    process = process_of(plan)
    state = fold(process, services)
    waits = {Stage.READY: WaitType.READY_WAIT, Stage.TERMINATION_WAIT: WaitType.TERMINATION_WAIT}
    stage = process.stage(state)
    found = waits.get(stage) if stage is not None and state.status is None else None
    if found is None or wait not in (None, found):
        raise UsageError(
            f"deployment {plan.deployment_id} is not in "
            f"{'a wait' if wait is None else wait} (DeploymentIsNotInReadyStateException)",
            hint=f"it is in {found}"
            if found
            else f"'cicd deploy status {plan.deployment_id}' shows how far it is",
        )
    send(services.log, services.clock, record.stream, "continue", deploymentWaitType=str(found))
    return record
