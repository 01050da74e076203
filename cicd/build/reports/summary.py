"""The summary of a report: as a build's event keeps it, and in people's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.reports.model import BAD, CaseStatus, ReportType
from cicd.build.reports.trend import number_of, trend_values, trend_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cicd.build.plan import BuildPlan
    from cicd.build.reports.model import Coverage, Report, TestCase
    from cicd.event import JSON

# An event tells of a few cases; all that are kept are in the store.
KEPT_CASES = 10
KEPT_MESSAGE = 400  # characters of each
KEPT_SLOWEST = 3
KEPT_UNREADABLE = 20
SHOWN_MESSAGE = 200  # characters of the first line of each
WORDS = {
    CaseStatus.SUCCEEDED: "passed",
    CaseStatus.FAILED: "failed",
    CaseStatus.ERROR: "errors",
    CaseStatus.SKIPPED: "skipped",
    CaseStatus.UNKNOWN: "unknown",
}


def group_name(plan: BuildPlan, group: str) -> str:
    """
    Give the full name of a report group: an ARN's own, or ``<project>-<name>``.

    Source: user guide, "Test report naming".
    """
    if group.startswith("arn:"):
        return group.rpartition("/")[2]
    return f"{plan.project}-{group}"


def summary(
    report: Report,
    *,
    plan: BuildPlan,
    group: str,
    file_format: str,
    created: datetime,
    digest: str = "",
    previous: Mapping[str, JSON] | None = None,
) -> dict[str, JSON]:
    """
    Sum up a report whose secrets are masked.

    Args:
        report: All of it.
        plan: The build that it is of.
        group: The group's name as the build has expanded it, or an ARN.
        file_format: "JUNITXML", …
        created: When it was made.
        digest: What ``keep_report`` gave.
        previous: The summary of the group's report before this one.

    Source: API Reference, "Report".
    """
    name = group_name(plan, group)
    arn = f"arn:aws:codebuild:{plan.region}:{plan.account}"
    made: dict[str, JSON] = {
        "name": name,
        "arn": f"{arn}:report/{name}:{plan.uuid}",
        "reportGroupArn": f"{arn}:report-group/{name}",
        "fileFormat": file_format,
        "created": round(created.timestamp(), 3),
        "digest": digest,
        **sums(report),
    }
    wanted = next((each for each in plan.report_exports if each.group == name), None)
    if wanted is not None:
        bucket, _, path = wanted.place.partition("/")
        made["exportConfig"] = {
            "exportConfigType": "S3",
            "s3Destination": {"bucket": bucket, "path": path, "packaging": wanted.packaging},
        }
    return made if previous is None else compared(made, previous)


def compared(made: Mapping[str, JSON], previous: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give a summary with the values of the one before it."""
    return {**made, "previous": {"arn": previous["arn"], **trend_values(previous)}}


def sums(report: Report) -> dict[str, JSON]:
    """Give that part of a summary that the report alone decides."""
    bad = [case for case in report.cases if case.status in BAD]
    slow = sorted(report.cases, key=lambda case: -case.seconds)[:KEPT_SLOWEST]
    made: dict[str, JSON] = {
        "type": report.type.value,
        "status": report.status.value,
        "truncated": report.truncated,
        "total": report.total,
        "statusCounts": dict(report.counts),
        "durationInNanoSeconds": int(report.seconds * 1_000_000_000),
        "unreadable": list(report.unreadable[:KEPT_UNREADABLE]),
        "failed": [_case(case) for case in bad[:KEPT_CASES]],
        "slowest": [_case(case) for case in slow if case.seconds > 0],
    }
    if report.type is ReportType.CODE_COVERAGE:
        made["coverage"] = coverage_as_api(report.coverage)
        made["files"] = len(report.files)
    return made


def coverage_as_api(coverage: Coverage) -> dict[str, JSON]:
    """Give counts of coverage as the API does; the same fields sum up a report and a file."""
    return {
        "lineCoveragePercentage": coverage.line_percentage,
        "linesCovered": coverage.lines_covered,
        "linesMissed": coverage.lines_missed,
        "branchCoveragePercentage": coverage.branch_percentage,
        "branchesCovered": coverage.branches_covered,
        "branchesMissed": coverage.branches_missed,
    }


def reports_in(detail: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    """Give the summaries in the detail of an outcome: of one report, or of those discovered."""
    several = detail.get("reports")
    found = several if isinstance(several, list) else [detail.get("report")]
    yield from (report for report in found if isinstance(report, Mapping))


def summary_lines(report: Mapping[str, JSON]) -> tuple[str, ...]:
    """Put what ``summary`` gave into words: a line of sums, what failed, what changed."""
    failed, unreadable = _mappings(report.get("failed")), report["unreadable"]
    assert isinstance(unreadable, list), "made by summary"
    counts = report["statusCounts"]
    assert isinstance(counts, Mapping), "made by summary"
    more = int(sum(number_of(counts.get(bad.value)) for bad in BAD)) - len(failed)
    return (
        f"Report {report['name']}: {report['status']}, {sums_of(report)}",
        *(f"  {_failure(case)}" for case in failed),
        *([f"  and {more} more"] if more else []),
        *(f"  {text}" for text in unreadable),
        *(f"  {text}" for text in str(report.get("nothing", "")).splitlines()),
        *_slowest(report),
        *_change(report),
    )


def sums_of(report: Mapping[str, JSON]) -> str:
    """Give the sums of a report in words."""
    if report.get("type") == ReportType.CODE_COVERAGE.value:
        coverage = report["coverage"]
        assert isinstance(coverage, Mapping), "made by summary"
        return (
            f"{report['files']} file{'s' * (report['files'] != 1)}: "
            f"lines {_reached(coverage, 'line', 'lines')}, "
            f"branches {_reached(coverage, 'branch', 'branches')}"
        )
    counts = report["statusCounts"]
    assert isinstance(counts, Mapping), "made by summary"
    sums = ", ".join(
        f"{counts.get(status.value, 0)} {word}"
        for status, word in WORDS.items()
        if status is not CaseStatus.UNKNOWN or counts.get(status.value)
    )
    seconds = number_of(report["durationInNanoSeconds"]) / 1e9
    return f"{report['total']} test{'s' * (report['total'] != 1)}: {sums} ({seconds:.2f} s)"


def change_of(report: Mapping[str, JSON]) -> str:
    """Say what changed since the group's report before this one; "" for the first one."""
    previous = report.get("previous")
    if not isinstance(previous, Mapping):
        return ""
    before = {k: float(v) for k, v in previous.items() if isinstance(v, int | float)}
    return trend_words(trend_values(report), before)


def _reached(coverage: Mapping[str, JSON], one: str, many: str) -> str:
    covered, missed = (int(number_of(coverage[f"{many}{what}"])) for what in ("Covered", "Missed"))
    if not covered + missed:
        return "none"
    percentage = number_of(coverage[f"{one}CoveragePercentage"])
    return f"{percentage:.1f} % ({covered} of {covered + missed})"


def _case(case: TestCase) -> dict[str, JSON]:
    return {
        "name": case.name,
        "testSuiteName": case.suite,
        "prefix": case.prefix,
        "where": case.where,
        "status": case.status.value,
        "message": case.message[:KEPT_MESSAGE],
        "durationInNanoSeconds": int(case.seconds * 1_000_000_000),
    }


def _failure(case: Mapping[str, JSON]) -> str:
    place = f"{case['where']}: " if case.get("where") else ""
    first = str(case["message"]).strip().partition("\n")[0]
    if len(first) > SHOWN_MESSAGE:
        first = first[: SHOWN_MESSAGE - 1] + "…"
    return f"{place}{case['status']} {_full_name(case)}" + (f": {first}" if first else "")


def _slowest(report: Mapping[str, JSON]) -> tuple[str, ...]:
    slow = _mappings(report.get("slowest"))
    if len(slow) < 2:  # one is no choice
        return ()
    told = (
        f"{number_of(case['durationInNanoSeconds']) / 1e9:.2f} s {_full_name(case)}"
        for case in slow
    )
    return (f"  slowest: {', '.join(told)}",)


def _change(report: Mapping[str, JSON]) -> tuple[str, ...]:
    change = change_of(report)
    return (f"  compared with the run before: {change}",) if change else ()


def _full_name(case: Mapping[str, JSON]) -> str:
    return ".".join(str(part) for part in (case["prefix"], case["name"]) if part)


def _mappings(value: JSON) -> list[Mapping[str, JSON]]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, Mapping)]
