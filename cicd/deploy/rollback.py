"""Automatic rollback: when, and to which revision. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.lifecycle import GREEN, GREEN_ALLOW
from cicd.deploy.plan import CREATOR, TERMINATE, DeploymentPlan, RollbackEvent
from cicd.deploy.shift.rollback import anew, back_to_original
from cicd.deploy.state import DeploymentStatus
from cicd.deploy.traffic.plan import BlueGreenPlan
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.deploy.state import DeploymentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """A wish to roll back. ``plan`` None: there is nothing to go back to."""

    message: str
    plan: DeploymentPlan | None


def is_wanted(plan: DeploymentPlan, state: DeploymentState) -> bool:
    """
    Tell whether the end of this deployment asks for a rollback; that of a rollback never does.

    A stop may say so itself, or forbid it. While the original environment waits for its end the
    deployment has Succeeded, and only a stop that says so gives the traffic back.

    Source: CodeDeploy User Guide, "Redeploy and roll back a deployment"; API, "StopDeployment".
    """
    if plan.rollback_of is not None:
        return False
    asked = None if state.stop is None else state.stop.get("autoRollbackEnabled")
    if state.status == DeploymentStatus.SUCCEEDED:
        return asked is True and not has_begun_to_end(plan, state)
    if state.status == DeploymentStatus.FAILED:
        return RollbackEvent.DEPLOYMENT_FAILURE in plan.rollback_events
    if state.status != DeploymentStatus.STOPPED:
        return False
    if state.alarm is not None:
        return RollbackEvent.DEPLOYMENT_STOP_ON_ALARM in plan.rollback_events
    if state.stop is not None:
        if isinstance(asked, bool):
            return asked
        return RollbackEvent.DEPLOYMENT_STOP_ON_REQUEST in plan.rollback_events
    return False


def has_begun_to_end(plan: DeploymentPlan, state: DeploymentState) -> bool:
    """Tell whether the original environment cannot have its traffic back: it ends, or has."""
    if plan.shift is not None and state.status == DeploymentStatus.SUCCEEDED:
        return True
    return any(key.endswith(f"/{TERMINATE}") for key in state.begun)


def plan_rollback(
    failed: DeploymentPlan,
    last_succeeded: DeploymentPlan | None,
    deployment_id: str,
    *,
    overtaken_by: str | None = None,
    original_ended: bool = False,
) -> Rollback:
    """
    Plan a new deployment of the last good revision, with that one's fileExistsBehavior.

    ``last_succeeded`` is what the group had before it: ``history.had_before``.
    It goes to all targets of the failed deployment, with its configuration;
    but not where a later deployment to the group, ``overtaken_by``, has been made since.
    A blue/green deployment's only moves traffic back; with ``original_ended`` there is nothing
    that it could go back to, and the revision is deployed to that environment anew.
    """
    if overtaken_by is not None:
        return Rollback(
            message=f"{failed.deployment_id} is not rolled back: {overtaken_by} was deployed "
            f"to '{failed.deployment_group_name}' after it",
            plan=None,
        )
    if failed.shift is not None and not (original_ended and failed.shift.service):
        back = back_to_original(failed, last_succeeded, deployment_id)
        if back is not None:
            original = failed.shift.function
            where = f"version {original.current_version}" if original else "the original task set"
            return Rollback(
                message=f"Deployment {failed.deployment_id} is rolled back to {where} by "
                f"deployment {deployment_id}",
                plan=back,
            )
    if last_succeeded is None:
        return Rollback(
            message=f"{failed.deployment_id} is not rolled back: no earlier deployment to "
            f"'{failed.deployment_group_name}' succeeded",
            plan=None,
        )
    if failed.blue_green is not None and not original_ended:
        return Rollback(
            message=f"Deployment {failed.deployment_id} is rolled back to the original "
            f"environment by deployment {deployment_id}",
            plan=_back_to_blue(failed, last_succeeded, failed.blue_green, deployment_id),
        )
    revision = f"the revision of {last_succeeded.deployment_id}"
    if failed.shift is not None:
        return Rollback(
            message=f"Deployment {failed.deployment_id} is rolled back to {revision} by "
            f"deployment {deployment_id}",
            plan=anew(failed, last_succeeded, deployment_id),
        )
    return Rollback(
        message=f"Deployment {failed.deployment_id} is rolled back to {revision} by deployment "
        f"{deployment_id}",
        plan=replace(
            last_succeeded,
            deployment_id=deployment_id,
            config=replace(failed.config, zonal=None),  # in a hurry: no zone after the other
            targets=failed.targets if failed.blue_green is None else failed.blue_green.original,
            creator=CREATOR,
            description=f"Rollback of {failed.deployment_id}",
            ignore_application_stop_failures=failed.ignore_application_stop_failures,
            rollback_events=(),
            rollback_of=failed.deployment_id,
            events=failed.events if failed.blue_green is None else GREEN,
            traffic=failed.traffic,
            blue_green=None
            if failed.blue_green is None
            else BlueGreenPlan(original=failed.targets, options=failed.blue_green.options),
            alarms=None,  # one that is still on would stop this, too
            triggers=failed.triggers,
            update_outdated_instances_only=False,
            restart=False,
        ),
    )


def _back_to_blue(
    failed: DeploymentPlan,
    last_succeeded: DeploymentPlan,
    blue_green: BlueGreenPlan,
    deployment_id: str,
) -> DeploymentPlan:
    """Send traffic back to the original environment, which has what was good before."""
    return replace(
        failed,
        deployment_id=deployment_id,
        revision=last_succeeded.revision,
        appspec=last_succeeded.appspec,
        file_exists_behavior=last_succeeded.file_exists_behavior,
        update_outdated_instances_only=False,
        alarms=None,  # one that is still on would stop this, too
        targets=blue_green.original,
        events=GREEN_ALLOW,
        blue_green=replace(blue_green, original=failed.targets, rollback=True),
        creator=CREATOR,
        description=f"Rollback of {failed.deployment_id}",
        rollback_events=(),
        rollback_of=failed.deployment_id,
    )
