"""Rollbacks of shifts: traffic back to the original at once, or the earlier version anew. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import CREATOR
from cicd.deploy.shift.config import default_config
from cicd.deploy.shift.plan import service_events

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.shift.plan import ServicePlan


def back_to_original(
    failed: DeploymentPlan, last_succeeded: DeploymentPlan | None, deployment_id: str
) -> DeploymentPlan | None:
    """
    Send all traffic back to the task set or version that had it; a replaced task set ends.

    It is of what ``last_succeeded`` was of: so is what it leaves, for whoever goes back later.
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
    earlier = None if last_succeeded is None else last_succeeded.shift
    if earlier is not None and service is not None and earlier.service is not None:
        service = _as_in(service, earlier.service)
    config = default_config(shift.config.compute_platform)
    return replace(
        failed,
        deployment_id=deployment_id,
        revision=(last_succeeded or failed).revision,
        appspec=(last_succeeded or failed).appspec,
        config=replace(failed.config, name=config.name),
        events=(LifecycleEvent.ALLOW_TRAFFIC,),
        shift=replace(
            shift,
            service=service,
            function=function,
            config=config,
            hooks=() if earlier is None else earlier.hooks,
            rollback=True,
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
    service = _as_in(failed.shift.service, earlier.service)
    shift = replace(failed.shift, hooks=earlier.hooks, service=service, rollback=False)
    return replace(
        last_succeeded,
        deployment_id=deployment_id,
        events=service_events(shift),  # those of a rollback only move traffic
        config=failed.config,
        shift=shift,
        creator=CREATOR,
        description=f"Rollback of {failed.deployment_id}",
        rollback_events=(),
        rollback_of=failed.deployment_id,
        alarms=None,
        triggers=failed.triggers,
    )


def _as_in(service: ServicePlan, earlier: ServicePlan) -> ServicePlan:
    """Give a service with the task definition, and the container, of an earlier deployment."""
    return replace(
        service,
        definition=earlier.definition,
        container_name=earlier.container_name,
        container_port=earlier.container_port,
    )
