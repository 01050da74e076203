"""How long a deployment and its lifecycle events may take. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_EVENT: Final = timedelta(hours=1)
_IN_PLACE: Final = timedelta(hours=12)
_BLUE_GREEN: Final = timedelta(hours=109)


def of_event(started: datetime) -> datetime:
    """Say when a lifecycle event has had its hour. Source: CodeDeploy User Guide, "Quotas"."""
    return started + _EVENT


def of_deployment(created: datetime, *, blue_green: bool = False) -> datetime:
    """
    Say when a deployment has had its time: twelve hours, blue/green 109.

    Source: CodeDeploy User Guide, "Quotas".
    """
    return created + (_BLUE_GREEN if blue_green else _IN_PLACE)


def next_one(
    deployment: datetime | None, started: Iterable[datetime], now: datetime
) -> datetime | None:
    """Give the next limit after ``now``: the deployment's, or one of the running events'."""
    limits = [of_event(each) for each in started]
    if deployment is not None:
        limits.append(deployment)
    return min((limit for limit in limits if limit > now), default=None)
