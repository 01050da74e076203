"""Members that joined a fleet while a deployment ran: they get its revision afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.config import PREDEFINED
from cicd.deploy.fleet import ledger
from cicd.deploy.fleet.hooks import BY_ITSELF, OUTDATED
from cicd.deploy.health import installed_revision, recent_attempts
from cicd.deploy.history import stream_of
from cicd.deploy.lifecycle import GREEN, IN_PLACE
from cicd.deploy.traffic.plan import plan_traffic
from cicd.engine.signals import send
from cicd.event import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.deploy.plan import DeploymentPlan
    from cicd.ports import Services, TargetSpec


def update_late(plan: DeploymentPlan, services: Services) -> None:
    """
    Have members that were launched during a deployment that succeeded get its revision, too.

    What was good until then is what they got when they were launched. Whatever becomes of them
    changes nothing about the deployment; safe to repeat.

    Source: CodeDeploy API Reference, "DeploymentGroupInfo" (outdatedInstancesStrategy).
    """
    from cicd.deploy.compile import deployment_id
    from cicd.deploy.run import run_plan

    late = _late(plan, services)
    if not late:
        return
    fresh = deployment_id(services.new_id())
    stream = stream_of(plan.deployment_id)
    send(services.log, services.clock, stream, "auto-update", deploymentId=fresh)
    run_plan(_plan(plan, late, fresh), services, parent=stream)


def _plan(
    plan: DeploymentPlan, late: tuple[TargetSpec, ...], deployment_id: str
) -> DeploymentPlan:
    traffic = plan.traffic
    if traffic is not None:
        told = plan_traffic(traffic.load_balancers, late)
        traffic = replace(traffic, endpoints=told.endpoints)
    return replace(
        plan,
        deployment_id=deployment_id,
        config=PREDEFINED["CodeDeployDefault.AllAtOnce"],
        targets=late,
        events=GREEN if traffic is not None else IN_PLACE,
        traffic=traffic,
        creator=OUTDATED,
        description=f"Update of members that were launched during {plan.deployment_id}",
        rollback_events=(),
        rollback_of=None,
        alarms=None,
        updates=plan.deployment_id,
        restart=False,
    )


def _late(plan: DeploymentPlan, services: Services) -> tuple[TargetSpec, ...]:
    by_itself = plan.creator in BY_ITSELF
    if by_itself or not plan.update_outdated or plan.blue_green is not None:
        return ()
    if not plan.auto_scaling_groups:
        return ()
    began = _began(plan, services)
    known = {each.id for each in plan.targets}
    fleets = [ledger.current(name, services) for name in plan.auto_scaling_groups]
    joined = [
        member.target
        for fleet in fleets
        for member in (fleet.in_service if fleet is not None else ())
        if member.target.id not in known and (member.launched_at or began) >= began
    ]
    if not joined:
        return ()
    attempts = recent_attempts(plan, services)
    return tuple(each for each in joined if installed_revision(each.id, attempts) != plan.revision)


def _began(plan: DeploymentPlan, services: Services) -> datetime:
    events = [event for _, event in services.log.read(stream_of(plan.deployment_id))]
    return next(event.at for event in events if event.kind is EventKind.SUBMITTED)
