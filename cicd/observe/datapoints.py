"""A metric of a home, period by period, out of the event log: what alarms on metrics look at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.metric import BUILD, DEPLOYMENT, PIPELINE
from cicd.observe.metrics import by_period, samples, series, statistic
from cicd.observe.streams import Follower

if TYPE_CHECKING:
    from cicd.metric import Metric
    from cicd.ports import Services

_KINDS: Final = {PIPELINE: "pipeline", BUILD: "build", DEPLOYMENT: "deployment"}


def datapoints(
    metric: Metric, period: int, count: int, services: Services
) -> tuple[float | None, ...]:
    """
    Give a metric's last ``count`` periods, the newest last, which ends now.

    Args:
        metric: Of what, and how it is summed up.
        period: Seconds.
        count: How many, at least 1.
        services: The home.

    Returns:
        None for each period in which nothing ended.

    """
    now, length = services.clock.now(), timedelta(seconds=period)
    name = metric.of.rpartition("/")[2]  # the index knows groups without their application
    events = [
        event
        for record in services.executions.list(kind=_KINDS[metric.namespace], name=name)
        if record.updated_at > now - length * count
        for event in Follower(record.stream, services).next()
    ]
    events.sort(key=lambda each: each[0])
    found = next(
        (one for one in series(events) if (one.namespace, one.name) == _key(metric)), None
    )
    if found is None:
        return (None,) * count
    return tuple(
        statistic(
            [
                values[metric.name]
                for run in runs
                if metric.name in (values := samples(metric.namespace, run))
            ],
            metric.statistic,
        )
        for _, runs in by_period(found, length, until=now, count=count)
    )


def _key(metric: Metric) -> tuple[str, str]:
    return metric.namespace, metric.of
