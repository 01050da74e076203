"""When alarms are looked at: once before a deployment begins, then until it is over. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.plan import WatchAlarms
from cicd.engine.process import Cancel, Decision

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState


def first_look(plan: DeploymentPlan, state: DeploymentState) -> Decision | None:
    """Look at the alarms before anything else; None: that is done, or there are none."""
    if plan.alarms is None or state.begun:
        return None
    check = state.watched.get(WatchAlarms(once=True).key)
    if check is None:
        if state.stop is not None:
            return None
        return Decision(start=(WatchAlarms(once=True),))
    return Decision() if check.outcome is None else None


def with_watch(plan: DeploymentPlan, state: DeploymentState, decision: Decision) -> Decision:
    """Watch the alarms from the first target on, until the deployment is over."""
    if plan.alarms is None:
        return decision
    watch = WatchAlarms(once=False)
    if decision.conclude is not None:
        over = [Cancel(key=each.key, reason="OVER") for each in in_flight(state)]
        return replace(decision, cancel=(*decision.cancel, *over))
    if watch.key in state.watched or not decision.start:
        return decision
    return replace(decision, start=(watch, *decision.start))


def in_flight(state: DeploymentState) -> tuple[WatchAlarms, ...]:
    """Give the looks that have begun and are not over."""
    return tuple(
        watch
        for watch in (WatchAlarms(once=True), WatchAlarms(once=False))
        if watch.key in state.watched and state.watched[watch.key].outcome is None
    )
