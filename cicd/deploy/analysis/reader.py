"""``analysis`` of a local deployment group, read."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.alarm import AlarmWatch
from cicd.deploy.analysis.analysis import Analysis, Judgement
from cicd.document.fields import Fields

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_LIMITS: Final = ("errorRate", "moreErrors", "p50", "p95", "p99", "slower")


def with_analysis(
    watch: AlarmWatch | None, group: Node | None, problems: Problems
) -> AlarmWatch | None:
    """Add what ``local: deploymentGroups:`` says of analysis, if it does, to a group's alarms."""
    entry = group.entries.get("analysis") if group is not None else None
    if entry is None:
        return watch
    analysis = read_analysis(entry.value, problems)
    return replace(watch or AlarmWatch(alarms=()), analysis=analysis)


def read_analysis(node: Node, problems: Problems) -> Analysis:
    """Read one; what is wrong with it is noted."""
    fields = Fields(node, problems, room="deploy", what="'analysis'")
    usual = Analysis()
    judgement = fields.choice("judgement", Judgement, usual.judgement)
    limits = {name: _number(fields, name, None, problems) for name in _LIMITS}
    significance = _number(fields, "significance", usual.significance, problems)
    least_shift = _number(fields, "leastShift", usual.least_shift, problems)
    analysis = Analysis(
        judgement=judgement,
        error_rate=limits["errorRate"],
        more_errors=limits["moreErrors"],
        p50=limits["p50"],
        p95=limits["p95"],
        p99=limits["p99"],
        slower=limits["slower"],
        significance=usual.significance if significance is None else significance,
        least_shift=usual.least_shift if least_shift is None else least_shift,
        least_requests=fields.integer(
            "leastRequests", usual.least_requests, minimum=1, maximum=1_000_000
        ),
        window=timedelta(seconds=fields.integer("window", 60, minimum=1, maximum=3600)),
        interval=timedelta(seconds=fields.integer("interval", 5, minimum=1, maximum=3600)),
    )
    if judgement is Judgement.LIMITS and not any(name in fields for name in _LIMITS):
        problems.error(
            "deploy/analysis",
            "the analysis has no limit that could be broken",
            node.span,
            hint=f"set one of {', '.join(_LIMITS)}, or 'judgement: MannWhitney'",
        )
    fields.unknown()
    return analysis


def _number(fields: Fields, name: str, default: float | None, problems: Problems) -> float | None:
    if name not in fields:
        return default
    text = fields.text(name)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        problems.error(
            "deploy/analysis",
            f"'{name}' must be a number from 0 on, not '{text}'",
            fields.span(name),
            hint="rates are per cent, latencies milliseconds",
        )
        return default
    return number
