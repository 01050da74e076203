"""A deployment's look at its alarms, carried out: the same for servers, services and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.deploy.analysis.look import Subject
    from cicd.deploy.plan import DeploymentPlan, WatchAlarms
    from cicd.engine.process import Outcome, Scope
    from cicd.ports import Services


def watch_alarms(
    plan: DeploymentPlan,
    command: WatchAlarms,
    scope: Scope,
    services: Services,
    subject: Subject | None = None,
) -> Outcome:
    """Look once, or until the deployment is over; ``subject`` is analysed where that is wanted."""
    from cicd.deploy.alarms.watch import keep_looking, look_once

    assert plan.alarms is not None
    if command.once:
        return look_once(plan.alarms, services)
    return keep_looking(plan.alarms, services, scope.cancel, subject)
