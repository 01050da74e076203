"""How long a deployment and its lifecycle events may take. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.engine.process import Cancel

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState

_EVENT: Final = timedelta(hours=1)
_IN_PLACE: Final = timedelta(hours=12)
_BLUE_GREEN: Final = timedelta(hours=109)
_FUNCTION: Final = timedelta(hours=50)


def of_event(started: datetime) -> datetime:
    """Say when a lifecycle event has had its hour. Source: CodeDeploy User Guide, "Quotas"."""
    return started + _EVENT


def of_deployment(created: datetime, *, blue_green: bool = False) -> datetime:
    """
    Say when a deployment has had its time: twelve hours, blue/green 109.

    Source: CodeDeploy User Guide, "Quotas".
    """
    return created + (_BLUE_GREEN if blue_green else _IN_PLACE)


def of_plan(plan: DeploymentPlan, state: DeploymentState) -> datetime | None:
    """
    Say when a deployment has had its time; None: it has not been written down yet.

    Source: CodeDeploy User Guide, "Quotas": that of a function has 50 hours.
    """
    if state.created_at is None:
        return None
    since = state.counted_from(state.created_at)
    if plan.shift is not None and plan.shift.function is not None:
        return since + _FUNCTION
    blue_green = plan.blue_green is not None or plan.shift is not None
    return of_deployment(since, blue_green=blue_green)


def late(
    plan: DeploymentPlan, state: DeploymentState, now: datetime
) -> tuple[tuple[Cancel, ...], datetime | None]:
    """Say which lifecycle events have had their hour, and when the next limit is reached."""
    ends = {
        key: of_event(state.counted_from(entry.started_at))
        for key, entry in state.begun.running.items()
    }
    over = tuple(Cancel(key=key, reason="TIMED_OUT") for key, end in ends.items() if now >= end)
    moments = [end for end in (*ends.values(), of_plan(plan, state)) if end and end > now]
    return over, min(moments, default=None)
