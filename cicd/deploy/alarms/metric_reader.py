"""``metricName`` and what goes with it, of an alarm in ``cicd.yml``: which metric it is set on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.metric import DIMENSIONS, METRICS, Metric, Statistic
from cicd.nearest import closest

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

_RULE = "deploy/alarm-metric"


def read_metric(fields: Fields, problems: Problems) -> Metric | None:
    """
    Read the metric of an alarm; None: none is named, or a wrong one, which is noted.

    Local rule: the namespace need not be said, as no two of them share a metric.
    Source: CloudWatch API Reference, "PutMetricAlarm".
    """
    name, namespace = fields.text("metricName"), fields.text("namespace")
    statistic = fields.choice("statistic", Statistic, Statistic.AVERAGE)
    dimensions = fields.sequence("dimensions")
    if not name:
        for key in ("namespace", "dimensions", "statistic"):
            if key in fields:
                problems.error(
                    _RULE,
                    f"'{key}' in {fields.what} is of no metric",
                    fields.span(key),
                    hint="name one with metricName",
                )
        return None
    if namespace and namespace not in METRICS:
        problems.error(
            _RULE,
            f"there is no namespace '{namespace}' here",
            fields.span("namespace"),
            hint=f"there are {', '.join(METRICS)}",
        )
        return None
    known = {
        metric: space
        for space, metrics in METRICS.items()
        for metric in metrics
        if namespace in ("", space)
    }
    if name not in known:
        near = closest(name, known)
        problems.error(
            _RULE,
            f"there is no metric '{name}'{f' in {namespace}' if namespace else ''}",
            fields.span("metricName"),
            hint=f"did you mean '{near}'?" if near else f"there are {', '.join(known)}",
        )
        return None
    wanted = DIMENSIONS[known[name]]
    of = ""
    for item in dimensions:
        dimension = fields.inner(item, what=f"a dimension of {fields.what}")
        if dimension.required_text("name") == wanted:
            of = dimension.required_text("value")
        dimension.unknown()
    if not of:
        problems.error(
            _RULE,
            f"{fields.what} does not say of which {wanted} '{name}' is",
            fields.span("dimensions" if dimensions else "metricName"),
            hint=f"dimensions: [{{name: {wanted}, value: …}}]",
        )
        return None
    return Metric(namespace=known[name], name=name, of=of, statistic=statistic)
