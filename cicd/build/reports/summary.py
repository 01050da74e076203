"""The summary of a report: as a build's event keeps it, and in people's words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.reports.model import CaseStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.build.plan import BuildPlan
    from cicd.build.reports.model import Report
    from cicd.engine.redaction import Redactor
    from cicd.event import JSON

KEPT_CASES = 50  # failed cases that an event tells of
KEPT_MESSAGE = 1000  # characters of each
SHOWN_CASES = 10  # of these, for people
SHOWN_MESSAGE = 200  # characters of the first line of each
WORDS = {
    CaseStatus.SUCCEEDED: "passed",
    CaseStatus.FAILED: "failed",
    CaseStatus.ERROR: "errors",
    CaseStatus.SKIPPED: "skipped",
}


def summary(
    report: Report, *, plan: BuildPlan, group: str, file_format: str, redactor: Redactor
) -> dict[str, JSON]:
    """
    Sum a report up.

    ``group`` is the group's name as the build has expanded it, or an ARN.
    Source: user guide, "Test report naming"; API Reference, "Report".
    """
    group = redactor.redact(group)
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
                "message": redact(case.message)[:KEPT_MESSAGE],
            }
            for case in bad[:KEPT_CASES]
        ],
    }


def summary_lines(report: Mapping[str, JSON]) -> tuple[str, ...]:
    """Put what ``summary`` gave into words: a line of sums, and one for each of what failed."""
    counts, failed, unreadable = report["statusCounts"], report["failed"], report["unreadable"]
    assert isinstance(counts, dict), "made by summary"
    assert isinstance(failed, list), "made by summary"
    assert isinstance(unreadable, list), "made by summary"
    name, status = report["name"], report["status"]
    sums = ", ".join(f"{counts.get(each, 0)} {word}" for each, word in WORDS.items())
    seconds = int(str(report["durationInNanoSeconds"])) / 1e9
    more = counts.get("FAILED", 0) + counts.get("ERROR", 0) - min(len(failed), SHOWN_CASES)
    return (
        f"Report {name}: {status}, {report['total']} tests: {sums} ({seconds:.2f} s)",
        *(f"  {_case(case)}" for case in failed[:SHOWN_CASES]),
        *([f"  and {more} more"] if more else []),
        *(f"  {text}" for text in unreadable),
    )


def _case(case: Mapping[str, JSON]) -> str:
    place = f"{case['where']}: " if case.get("where") else ""
    name = ".".join(str(part) for part in (case["prefix"], case["name"]) if part)
    first = str(case["message"]).strip().partition("\n")[0]
    if len(first) > SHOWN_MESSAGE:
        first = first[: SHOWN_MESSAGE - 1] + "…"
    return f"{place}{case['status']} {name}" + (f": {first}" if first else "")
