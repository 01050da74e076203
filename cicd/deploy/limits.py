"""How long a deployment and its lifecycle events may take. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_EVENT: Final = timedelta(hours=1)
_DEPLOYMENT: Final = timedelta(hours=12)


def of_event(started: datetime) -> datetime:
    """Say when a lifecycle event has had its hour. Source: CodeDeploy User Guide, "Quotas"."""
    return started + _EVENT


def of_deployment(created: datetime) -> datetime:
    """Say when an in-place deployment has had its twelve hours. Source: the same."""
    return created + _DEPLOYMENT


def next_one(
    created: datetime | None, started: Iterable[datetime], now: datetime
) -> datetime | None:
    """Give the next limit after ``now``: the deployment's, or one of the running events'."""
    limits = [of_event(each) for each in started]
    if created is not None:
        limits.append(of_deployment(created))
    return min((limit for limit in limits if limit > now), default=None)
