"""Reports, test cases, coverage and report groups in the shapes of the API. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.reports.summary import coverage_as_api
from cicd.build.reports.trend import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cicd.build.reports.of_builds import FoundReport
    from cicd.event import JSON

NO_EXPORT: Mapping[str, JSON] = {"exportConfigType": "NO_EXPORT"}
KEPT_FOR = 30 * 24 * 60 * 60  # seconds; nothing is thrown away here, but the API says when


def report_as_api(summary: Mapping[str, JSON], stream: str) -> dict[str, JSON]:
    """
    Give a report as BatchGetReports does; times in seconds since 1970.

    Source: API Reference, "Report".
    """
    head = str(summary["arn"]).partition(":report/")[0]
    created = number_of(summary.get("created"))
    shape: dict[str, JSON] = {
        "arn": summary["arn"],
        "type": summary.get("type", "TEST"),
        "name": summary["name"],
        "reportGroupArn": summary.get("reportGroupArn", ""),
        "executionId": f"{head}:{stream}",
        "status": summary["status"],
        "created": created,
        "expired": created + KEPT_FOR,
        "exportConfig": summary.get("exportConfig", NO_EXPORT),
        "truncated": summary["truncated"],
    }
    if summary.get("type") == "CODE_COVERAGE":
        shape["codeCoverageSummary"] = summary["coverage"]
    else:
        shape["testSummary"] = {
            "total": summary["total"],
            "statusCounts": summary["statusCounts"],
            "durationInNanoSeconds": summary["durationInNanoSeconds"],
        }
    return shape


def cases_as_api(found: FoundReport) -> Iterator[dict[str, JSON]]:
    """
    Give the cases of a report as DescribeTestCases does.

    Source: API Reference, "TestCase".
    """
    expired = number_of(found.summary.get("created")) + KEPT_FOR
    for case in found.report.cases:
        yield {
            "reportArn": found.summary["arn"],
            "testRawDataPath": case.path,
            "prefix": case.prefix,
            "name": case.name,
            "status": case.status.value,
            "durationInNanoSeconds": int(case.seconds * 1_000_000_000),
            "message": case.message,
            "expired": expired,
            "testSuiteName": case.suite,
        }


def coverages_as_api(found: FoundReport) -> Iterator[dict[str, JSON]]:
    """
    Give the files of a report as DescribeCodeCoverages does.

    Source: API Reference, "CodeCoverage".
    """
    arn = str(found.summary["arn"])
    expired = number_of(found.summary.get("created")) + KEPT_FOR
    for index, file in enumerate(found.report.files):
        yield {
            "id": f"{arn.rpartition(':')[2]}-{index}",
            "reportARN": arn,
            "filePath": file.path,
            **coverage_as_api(file.coverage),
            "expired": expired,
        }


def groups_as_api(reports: Iterable[Mapping[str, JSON]]) -> tuple[dict[str, JSON], ...]:
    """
    Give the groups of reports, the newest report first, as BatchGetReportGroups does.

    Source: API Reference, "ReportGroup".
    """
    groups: dict[str, dict[str, JSON]] = {}
    for summary in reports:
        name, created = str(summary["name"]), summary.get("created", 0)
        group = groups.setdefault(
            name,
            {
                "arn": summary.get("reportGroupArn", ""),
                "name": name,
                "type": summary.get("type", "TEST"),
                "exportConfig": summary.get("exportConfig", NO_EXPORT),
                "created": created,
                "lastModified": created,
                "tags": [],
                "status": "ACTIVE",
            },
        )
        group["created"] = created
    return tuple(groups.values())
