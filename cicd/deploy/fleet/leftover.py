"""Deployments to a fleet's member whose driver died: ended before the member is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.fleet import ledger
from cicd.deploy.fleet.hooks import TERMINATION

if TYPE_CHECKING:
    from cicd.ports import Services, TargetSpec


def finish(fleet: str, member: TargetSpec, services: Services, group_id: str = "") -> bool:
    """
    End the deployments that a fleet made to a member, and that nobody drives any more.

    A termination goes on to its end; a launch is stopped: nothing is to come to the member now.

    Args:
        fleet: Its name.
        member: The member.
        services: The services.
        group_id: Only those of this group's terminations; "": every launch.

    Returns:
        Whether there was one, ended by now or long before.

    """
    from cicd.deploy.by_hand import stop_deployment
    from cicd.deploy.history import KIND, read_plan
    from cicd.deploy.run import resume_deployment
    from cicd.deploy.state import FINAL

    found = False
    for record in services.executions.list(kind=KIND):
        plan = None
        if record.parent == ledger.stream_of(fleet):
            plan = read_plan(record.stream, services)
        if plan is None or [each.id for each in plan.targets] != [member.id]:
            continue
        terminates = plan.creator == TERMINATION and plan.deployment_group_id == group_id
        if not terminates and (group_id or plan.creator == TERMINATION):
            continue
        found = True
        if record.status in FINAL or record.driven:
            continue
        if terminates:
            resume_deployment(plan.deployment_id, services)
        else:
            stop_deployment(plan.deployment_id, services, auto_rollback=False)
    return found
