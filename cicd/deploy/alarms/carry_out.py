"""A deployment's look at its alarms, carried out: the same for servers, services and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.deploy.analysis.look import Subject
    from cicd.deploy.plan import DeploymentPlan, WatchAlarms
    from cicd.engine.process import Outcome, Scope
    from cicd.ports import Services


def watch_alarms(
    plan: DeploymentPlan, command: WatchAlarms, scope: Scope, services: Services
) -> Outcome:
    """Look once, or until the deployment is over; a shift is analysed where that is wanted."""
    from cicd.deploy.alarms.watch import keep_looking, look_once

    assert plan.alarms is not None
    if command.once:
        return look_once(plan.alarms, services)
    return keep_looking(plan.alarms, services, scope.cancel, _analysed(plan, scope, services))


def _analysed(plan: DeploymentPlan, scope: Scope, services: Services) -> Subject | None:
    """Give what an analysis compares; None: no shift, one without an original, or a rollback."""
    from cicd.deploy.analysis.look import Subject
    from cicd.deploy.shift.requests import requests_of, versions_of

    if plan.shift is None or plan.shift.rollback:
        return None
    old, new = versions_of(plan.shift)
    if not old:
        return None
    return Subject(
        requests=requests_of(plan.shift, services), old=old, new=new, stream=scope.stream
    )
