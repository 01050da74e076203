"""Reports of one name from several builds of a batch, made one. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cicd.build.reports.model import (
    BAD,
    MAX_CASES,
    Coverage,
    FileCoverage,
    Report,
    ReportStatus,
    ReportType,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def merge_reports(reports: Sequence[Report | None]) -> Report:
    """
    Make one report of what each shard of a fan-out gave; None: a shard gave none.

    FAILED if one failed, else INCOMPLETE if one is incomplete or missing. The duration is the
    longest, the counts are sums; of one source file the record with the highest line, then
    branch, coverage is kept.
    Source: user guide, "Batch builds", test reports of a fan-out.
    """
    there = [report for report in reports if report is not None]
    statuses = {report.status for report in there}
    if ReportStatus.FAILED in statuses:
        status = ReportStatus.FAILED
    elif statuses == {ReportStatus.SUCCEEDED} and len(there) == len(reports):
        status = ReportStatus.SUCCEEDED
    else:
        status = ReportStatus.INCOMPLETE
    counts: Counter[str] = Counter()
    best: dict[str, Coverage] = {}
    for report in there:
        counts.update(report.counts)
        for file in report.files:
            known = best.get(file.path)
            if known is None or file.coverage.rank > known.rank:
                best[file.path] = file.coverage
    cases = [case for report in there for case in report.cases]
    return Report(
        type=there[0].type if there else ReportType.TEST,
        status=status,
        counts=dict(counts),
        seconds=max((report.seconds for report in there), default=0.0),
        cases=tuple(sorted(cases, key=lambda case: case.status not in BAD)[:MAX_CASES]),
        coverage=sum((report.coverage for report in there), Coverage()),
        files=tuple(FileCoverage(path=p, coverage=c) for p, c in sorted(best.items())),
        unreadable=tuple(text for report in there for text in report.unreadable),
    )
