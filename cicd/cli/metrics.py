"""``cicd metrics``: how many, how long, how many failed, out of the event log alone."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import click

from cicd.cli.offers import names
from cicd.cli.options import shared_options
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.cli.invocation import Invocation
    from cicd.observe.metrics import Series

_PERIODS = 12  # how many a sparkline shows, unless --since asks for more or fewer
_MOST_PERIODS = 30


@click.command(
    epilog="""\b
Examples:
  cicd metrics                                  every pipeline, project and group
  cicd metrics shop --since 30d --period 1d --format spark
  cicd metrics --format prometheus > /var/lib/node_exporter/cicd.prom
"""
)
@click.argument("name", required=False, shell_complete=names("pipeline", "build", "deployment"))
@click.option("--since", metavar="AGE", help="Only what ended since: 12h, 7d, 4w.")
@click.option(
    "--period", metavar="AGE", default="1d", show_default=True, help="Of one point of a sparkline."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "spark", "prometheus", "json")),
    help="How to print it; a table for people.",
)
@shared_options
def metrics(
    invocation: Invocation, *, name: str | None, since: str | None, period: str, form: str | None
) -> int:
    """Count executions, their durations and their failures; all, or those of NAME."""
    from cicd.build.cache.pruning import read_age
    from cicd.cli.show.metrics import as_json, as_prometheus, spark_rows, table_rows
    from cicd.observe.metrics import series
    from cicd.observe.streams import EventBus

    length = read_age(period)
    if not length:
        raise UsageError("a period is longer than nothing", hint="write 1h, 1d or 1w")
    age = None if since is None else read_age(since)
    with invocation.services() as services:
        now = services.clock.now()
        found = series(EventBus(services).next(name=_stream_name(name)))
    found = _wanted(found, name, None if age is None else now - age)
    show = invocation.show
    shape = as_json(found, now=now, period=length)
    if form == "json":
        import json

        show.text(json.dumps(shape, indent=2))
    elif form == "prometheus":
        show.text(as_prometheus(found).rstrip("\n"))
    elif form == "spark":
        count = _PERIODS if age is None else min(_MOST_PERIODS, max(1, ceil(age / length)))
        show.table(
            ("NAME", "RUNS", "", "FAILED", "", "SECONDS", ""),
            spark_rows(found, now=now, period=length, count=count),
        )
        show.notice(f"{count} periods of {period} each, the last of which ends now")
    else:
        show.table(
            ("NAME", "OF", "RUNS", "SUCCEEDED", "FAILED", "MEAN", "MEDIAN", "90 %", "LAST"),
            table_rows(found),
        )
    if not found:
        show.notice("nothing has ended yet")
    show.result(shape)
    return ExitCode.SUCCEEDED


def _stream_name(name: str | None) -> str | None:
    """Give the name by which the index knows it: of "app/group" the group."""
    return None if name is None else name.rpartition("/")[2]


def _wanted(
    found: tuple[Series, ...], name: str | None, since: datetime | None
) -> tuple[Series, ...]:
    from dataclasses import replace

    kept = []
    for one in found:
        if name is not None and name not in (one.name, one.name.rpartition("/")[2]):
            continue
        runs = tuple(run for run in one.runs if since is None or run.at >= since)
        if runs:
            kept.append(replace(one, runs=runs))
    return tuple(kept)
