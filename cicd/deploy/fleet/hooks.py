"""The two lifecycle hooks of a fleet's member: what is deployed to it, what is stopped on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.deploy.config import PREDEFINED
from cicd.deploy.lifecycle import BLUE_BLOCK, GREEN, IN_PLACE, LifecycleEvent
from cicd.deploy.traffic.plan import plan_traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.plan import DeploymentPlan
    from cicd.ports import TargetSpec

LAUNCH: Final = "autoscaling"
TERMINATION: Final = "autoscalingTermination"
OUTDATED: Final = "CodeDeployAutoUpdate"
BY_ITSELF: Final = frozenset({LAUNCH, TERMINATION, OUTDATED})
"""Creators of deployments that nobody asked for: several of a group may run at once."""


def launch_plan(
    group: DeploymentGroup, good: DeploymentPlan, member: TargetSpec, deployment_id: str
) -> DeploymentPlan:
    """
    Plan the deployment of the group's last good revision to a member that was just made.

    It is not in service yet: its events are those of a replacement.

    Source: CodeDeploy User Guide, "How Amazon EC2 Auto Scaling works with CodeDeploy".
    """
    events = GREEN if group.load_balancers else IN_PLACE
    plan = _plan(group, good, (member,), deployment_id, LAUNCH, events)
    return replace(plan, description=f"Launch of {member.id}")


def termination_plan(
    group: DeploymentGroup, good: DeploymentPlan, member: TargetSpec, deployment_id: str
) -> DeploymentPlan:
    """
    Plan what a member does before it ends: it leaves its load balancers, and stops.

    Source: CodeDeploy User Guide, "Enabling termination deployments during Auto Scaling scale-in
    events".
    """
    stop = (LifecycleEvent.APPLICATION_STOP,)
    events = (*BLUE_BLOCK, *stop) if group.load_balancers else stop
    plan = _plan(group, good, (member,), deployment_id, TERMINATION, events)
    # Whatever fails, it goes on, and ends.
    return replace(
        plan, description=f"Termination of {member.id}", ignore_application_stop_failures=True
    )


def _plan(
    group: DeploymentGroup,
    good: DeploymentPlan,
    members: Sequence[TargetSpec],
    deployment_id: str,
    creator: str,
    events: Sequence[LifecycleEvent],
) -> DeploymentPlan:
    balanced = bool(group.load_balancers)
    return replace(
        good,
        deployment_id=deployment_id,
        config=PREDEFINED["CodeDeployDefault.AllAtOnce"],
        targets=tuple(members),
        events=tuple(events),
        creator=creator,
        rollback_events=(),
        rollback_of=None,
        traffic=plan_traffic(group.load_balancers, members) if balanced else None,
        blue_green=None,
        alarms=None,
        triggers=group.triggers,
        suspended_processes=(),
        update_outdated_instances_only=False,
        restart=False,
    )
