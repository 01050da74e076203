"""The summary of a report, as a build's event keeps it: the sums, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.reports.model import CaseStatus

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.build.reports.model import Report
    from cicd.engine.output import Redactor
    from cicd.event import JSON

SHOWN_CASES = 50  # failed cases that an event tells of
SHOWN_MESSAGE = 1000  # characters of each


def summary(
    report: Report, *, plan: BuildPlan, group: str, file_format: str, redactor: Redactor
) -> dict[str, JSON]:
    """
    Sum a report up.

    ``group`` is the group's name as the build has expanded it, or an ARN.
    Source: user guide, "Test report naming"; API Reference, "Report".
    """
    name = group if group.startswith("arn:") else f"{plan.project}-{group}"
    bad = [c for c in report.cases if c.status in {CaseStatus.FAILED, CaseStatus.ERROR}]
    redact = redactor.redact
    return {
        "name": name.rpartition("/")[2],
        "arn": f"arn:aws:codebuild:{plan.region}:{plan.account}:report/{name}:{plan.uuid}",
        "fileFormat": file_format,
        "status": report.status.value,
        "truncated": len(report.kept()) < len(report.cases),
        "total": len(report.cases),
        "statusCounts": {status.value: n for status, n in report.counts().items() if n},
        "durationInNanoSeconds": int(sum(c.seconds for c in report.cases) * 1_000_000_000),
        "unreadable": [redact(text) for text in report.unreadable],
        "failed": [
            {
                "name": redact(case.name),
                "testSuiteName": redact(case.suite),
                "prefix": redact(case.prefix),
                "where": redact(case.where),
                "status": case.status.value,
                "message": redact(case.message)[:SHOWN_MESSAGE],
            }
            for case in bad[:SHOWN_CASES]
        ],
    }
