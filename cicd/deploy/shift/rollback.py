"""Rollbacks of shifts: traffic back to the original at once, or the earlier version anew. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import CREATOR
from cicd.deploy.shift.config import default_config

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan


def back_to_original(failed: DeploymentPlan, deployment_id: str) -> DeploymentPlan | None:
    """
    Send all traffic back to the task set or version that had it; a replaced task set ends.

    None: there is none that it could go back to.

    Source: CodeDeploy User Guide, "Redeploy and roll back a deployment with CodeDeploy".
    """
    shift = failed.shift
    if shift is None:
        return None
    service, function = shift.service, shift.function
    if function is not None:
        function = replace(
            function,
            current_version=function.target_version,
            target_version=function.current_version,
        )
    elif service is None or not service.original.id:
        return None
    else:
        service = replace(service, original=service.replacement, replacement=service.original)
    config = default_config(shift.config.compute_platform)
    return replace(
        failed,
        deployment_id=deployment_id,
        config=replace(failed.config, name=config.name),
        events=(LifecycleEvent.ALLOW_TRAFFIC,),
        shift=replace(
            shift, service=service, function=function, config=config, hooks=(), rollback=True
        ),
        creator=CREATOR,
        description=f"Rollback of {failed.deployment_id}",
        rollback_events=(),
        rollback_of=failed.deployment_id,
        alarms=None,  # one that is still on would stop this, too
    )


def anew(
    failed: DeploymentPlan, last_succeeded: DeploymentPlan, deployment_id: str
) -> DeploymentPlan:
    """
    Deploy the earlier version again: its task set has ended.

    Source: CodeDeploy User Guide, "Redeploy and roll back a deployment with CodeDeploy".
    """
    assert failed.shift is not None
    earlier = last_succeeded.shift
    assert earlier is not None
    assert failed.shift.service is not None
    assert earlier.service is not None
    service = replace(
        failed.shift.service,
        definition=earlier.service.definition,
        container_name=earlier.service.container_name,
        container_port=earlier.service.container_port,
    )
    return replace(
        last_succeeded,
        deployment_id=deployment_id,
        config=failed.config,
        shift=replace(failed.shift, hooks=earlier.hooks, service=service, rollback=False),
        creator=CREATOR,
        description=f"Rollback of {failed.deployment_id}",
        rollback_events=(),
        rollback_of=failed.deployment_id,
        alarms=None,
        triggers=failed.triggers,
    )
