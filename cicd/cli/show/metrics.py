"""Metrics as a table, as sparklines, as Prometheus reads them, and in CloudWatch's shape."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.metric import BUILD, DEPLOYMENT, DIMENSIONS, PIPELINE
from cicd.observe.metrics import by_period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from cicd.event import JSON
    from cicd.observe.metrics import Series

_OF = {PIPELINE: "pipeline", BUILD: "project", DEPLOYMENT: "deployment group"}
_BARS = "▁▂▃▄▅▆▇█"
_QUANTILES = (0.5, 0.9, 0.99)


def table_rows(found: Iterable[Series]) -> list[tuple[str, ...]]:
    """Give a row a name."""
    return [
        (
            one.name,
            _OF[one.namespace],
            str(len(one.runs)),
            str(one.successes),
            str(one.failures),
            _seconds(one.average),
            _seconds(one.quantile(0.5)),
            _seconds(one.quantile(0.9)),
            one.runs[-1].status,
        )
        for one in found
    ]


def spark_rows(
    found: Iterable[Series], *, now: datetime, period: timedelta, count: int
) -> list[tuple[str, ...]]:
    """Give a row a name: runs, failures and mean seconds of each of the last periods."""
    rows: list[tuple[str, ...]] = []
    for one in found:
        periods = [runs for _, runs in by_period(one, period, until=now, count=count)]
        means = [sum(r.seconds for r in runs) / len(runs) if runs else 0.0 for runs in periods]
        rows.append(
            (
                one.name,
                spark([len(runs) for runs in periods]),
                str(sum(len(runs) for runs in periods)),
                spark([sum(run.bad for run in runs) for runs in periods]),
                str(sum(run.bad for runs in periods for run in runs)),
                spark(means),
                _seconds(max(means, default=0.0)),
            )
        )
    return rows


def spark(values: Sequence[float]) -> str:
    """Draw values as bars; a point for none, and the highest is a whole cell."""
    most = max(values, default=0)
    return "".join(
        "·" if value <= 0 else _BARS[min(len(_BARS) - 1, int(value / most * (len(_BARS) - 1)))]
        for value in values
    )


def as_prometheus(found: Sequence[Series]) -> str:
    """
    Write Prometheus's text format.

    Source: Prometheus documentation, "Text-based format".
    """
    lines: list[str] = []
    for namespace, kind in _OF.items():
        noun = kind.replace(" ", "_")
        prefix = {PIPELINE: "pipeline_executions", BUILD: "builds", DEPLOYMENT: "deployments"}
        total, seconds = f"cicd_{prefix[namespace]}_total", f"cicd_{noun}_duration_seconds"
        several = [one for one in found if one.namespace == namespace]
        if not several:
            continue
        lines += [f"# HELP {total} What ended, by its status.", f"# TYPE {total} counter"]
        for one in several:
            for status in sorted({run.status for run in one.runs}):
                count = sum(run.status == status for run in one.runs)
                lines.append(f'{total}{{{noun}="{_label(one.name)}",status="{status}"}} {count}')
        lines += [f"# HELP {seconds} How long it took.", f"# TYPE {seconds} summary"]
        for one in several:
            label = f'{noun}="{_label(one.name)}"'
            lines += [
                f'{seconds}{{{label},quantile="{part}"}} {one.quantile(part):.3f}'
                for part in _QUANTILES
            ]
            lines.append(f"{seconds}_sum{{{label}}} {sum(run.seconds for run in one.runs):.3f}")
            lines.append(f"{seconds}_count{{{label}}} {len(one.runs)}")
    return "".join(f"{line}\n" for line in lines)


def as_json(found: Iterable[Series], *, now: datetime, period: timedelta) -> dict[str, JSON]:
    """Give GetMetricData's shape: a result a metric, its values by period, the newest first."""
    results: list[JSON] = []
    for one in found:
        count = max(1, -int((min(run.at for run in one.runs) - now) / period) + 1)
        periods = [
            (at, runs) for at, runs in by_period(one, period, until=now, count=count) if runs
        ]
        periods.reverse()
        points = [(at, replace(one, runs=runs).metrics()) for at, runs in periods]
        names = {name: kind for _, values in points for name, (kind, _) in values.items()}
        results.extend(
            {
                "Namespace": one.namespace,
                "Label": name,
                "Stat": kind,
                "Dimensions": [{"Name": DIMENSIONS[one.namespace], "Value": one.name}],
                "Timestamps": [at.isoformat() for at, values in points if name in values],
                "Values": [values[name][1] for _, values in points if name in values],
                "StatusCode": "Complete",
            }
            for name, kind in names.items()
        )
    return {"MetricDataResults": results}


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02} min"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
