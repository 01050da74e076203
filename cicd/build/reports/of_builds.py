"""Reports of several builds of one execution: those of one name are one report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.reports.history import summaries_of
from cicd.build.reports.kept import load_report
from cicd.build.reports.merge import merge_reports
from cicd.build.reports.model import Report
from cicd.build.reports.summary import sums
from cicd.errors import Unavailable
from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundReport:
    """A report: its summary, the stream of its build, or of what holds several, and all of it."""

    stream: str
    summary: Mapping[str, JSON]
    report: Report


def reports_of_builds(
    parent: str, streams: Sequence[str], services: Services, *, shards: bool = False
) -> tuple[FoundReport, ...]:
    """
    Give the reports of the builds inside something else, those of one name made one.

    Args:
        parent: The stream of what holds the builds.
        streams: The builds, in the order in which their reports are taken.
        services: The outside.
        shards: They share one set of tests, so that a report which one of them does not have is
            missing, and the whole INCOMPLETE.

    Raises:
        Unavailable: A report is not kept any more, and is none of a shard.
    """
    by_name: dict[str, dict[str, Mapping[str, JSON]]] = {}
    for stream in streams:
        for summary in summaries_of(services, stream):
            by_name.setdefault(str(summary["name"]), {})[stream] = summary
    return tuple(
        _one(parent, made, streams if shards else tuple(made), services, shards=shards)
        for made in by_name.values()
    )


def _one(
    parent: str,
    made: Mapping[str, Mapping[str, JSON]],
    streams: Sequence[str],
    services: Services,
    *,
    shards: bool,
) -> FoundReport:
    first = next(iter(made.values()))
    if len(streams) == 1:
        report = load_report(str(first.get("digest")), services.artifacts)
        return FoundReport(stream=parent, summary=first, report=report)
    parts = []
    for stream in streams:
        summary = made.get(stream)
        try:
            found = None if summary is None else str(summary.get("digest"))
            parts.append(None if found is None else load_report(found, services.artifacts))
        except Unavailable:
            if not shards:
                raise
            parts.append(None)
    merged = merge_reports(parts)
    arn = f"{str(first['arn']).rpartition(':')[0]}:{parent.rpartition(':')[2]}"
    known = {name: value for name, value in first.items() if name not in {"digest", "previous"}}
    return FoundReport(
        stream=parent,
        summary={**known, "arn": arn if shards else first["arn"], **sums(merged)},
        report=merged,
    )
