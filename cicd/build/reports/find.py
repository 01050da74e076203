"""Reports that were made, found by what people call them, and read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.fold import fold_build
from cicd.build.reports.history import LOOKED_AT, summaries, summaries_of
from cicd.build.reports.kept import load_report
from cicd.build.reports.of_builds import FoundReport, reports_of_builds
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON
    from cicd.ports import Services


def find_reports(services: Services, words: str | None) -> tuple[FoundReport, ...]:
    """
    Find reports, and read them whole.

    Args:
        services: The outside.
        words: A report group (its newest report), a report's id or ARN, a build, or a batch or
            pipeline execution whose builds made reports: those of one name are then one.
            None: the newest build that made any.

    Raises:
        UsageError: There is none.
        Unavailable: One is not kept any more.
    """
    if words is None:
        return _newest(services)
    name = words.rpartition("/")[2] if words.startswith("arn:") else words
    for stream, summary in summaries(services):
        if name in {summary["name"], str(summary["arn"]).rpartition("/")[2]}:
            return (_found(services, stream, summary),)
    record = services.executions.find("build", name)
    if record is not None:
        made = summaries_of(services, record.stream)
        if not made:
            raise UsageError(
                f"build '{name}' made no reports",
                hint="a report group of the buildspec names files that the tests write",
            )
        return tuple(_found(services, record.stream, summary) for summary in made)
    return _of_parent(services, name)


def _newest(services: Services) -> tuple[FoundReport, ...]:
    first = next(summaries(services), None)
    if first is None:
        raise UsageError(
            "no build has made a report yet", hint="see 'reports' of the buildspec reference"
        )
    made = summaries_of(services, first[0])
    return tuple(_found(services, first[0], summary) for summary in made)


def _of_parent(services: Services, name: str) -> tuple[FoundReport, ...]:
    """Find the reports of the builds inside something else."""
    inside = [
        record
        for record in services.executions.list(kind="build", limit=LOOKED_AT)
        if record.parent is not None and record.parent.partition("/")[2].startswith(name)
    ]
    found = (
        reports_of_builds(
            str(inside[0].parent),
            [record.stream for record in inside],
            services,
            shards=_are_shards(inside[0].stream, services),
        )
        if inside
        else ()
    )
    if not found:
        raise UsageError(
            f"there is no report, report group or build '{name}' that has reports",
            hint="see cicd reports list, cicd reports groups",
        )
    return found


def _are_shards(stream: str, services: Services) -> bool:
    return bool(fold_build(stream, services)[0].shards)


def _found(services: Services, stream: str, summary: Mapping[str, JSON]) -> FoundReport:
    report = load_report(str(summary.get("digest")), services.artifacts)
    return FoundReport(stream=stream, summary=summary, report=report)
