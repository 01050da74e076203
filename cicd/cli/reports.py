"""``cicd reports``: what tests and coverage said, build by build."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.cli.written import write_out
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.build.reports.of_builds import FoundReport
    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.event import JSON


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd reports list
  cicd reports show web-unit           the newest report of a group
  cicd reports show web:1b2c --failed  what failed in a build
  cicd reports trend web-unit
  cicd reports html -o report.html     the newest build's reports as a page
""",
)
def reports() -> None:
    """Look at test reports and code coverage."""


@reports.command("list", epilog="\b\nExample:\n  cicd reports list --group web-unit --limit 5\n")
@click.option("--group", metavar="NAME", help="Only reports of this group.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."
)
@shared_options
def list_reports(invocation: Invocation, *, group: str | None, limit: int) -> int:
    """List reports, the newest first."""
    from cicd.build.reports.history import summaries
    from cicd.build.reports.shapes import report_as_api
    from cicd.build.reports.summary import sums_of

    with invocation.services() as services:
        every = summaries(services)
        found = list(islice((f for f in every if group in {None, f[1]["name"]}), limit))
        show = invocation.show
        show.table(
            ("report", "status", "made", "what"),
            [
                (
                    str(summary["arn"]).rpartition("/")[2],
                    str(summary["status"]),
                    _moment(summary),
                    sums_of(summary),
                )
                for _, summary in found
            ],
        )
        if not found:
            show.notice(f"no reports of group '{group}' yet" if group else "no reports yet")
        shapes = [report_as_api(summary, stream) for stream, summary in found]
        show.result({"reports": shapes, "reportsNotFound": []})
    return ExitCode.SUCCEEDED


@reports.command(epilog="\b\nExample:\n  cicd reports groups\n")
@shared_options
def groups(invocation: Invocation) -> int:
    """List report groups, each with its newest report."""
    from cicd.build.reports.history import summaries
    from cicd.build.reports.shapes import groups_as_api
    from cicd.build.reports.summary import sums_of

    with invocation.services() as services:
        every = [summary for _, summary in summaries(services)]
        newest = {str(summary["name"]): summary for summary in reversed(every)}
        shapes = groups_as_api(every)
        invocation.show.table(
            ("group", "type", "status", "made", "what"),
            [
                (
                    str(group["name"]),
                    str(group["type"]),
                    str(newest[str(group["name"])]["status"]),
                    _moment(newest[str(group["name"])]),
                    sums_of(newest[str(group["name"])]),
                )
                for group in shapes
            ],
        )
        if not shapes:
            invocation.show.notice("no reports yet")
        invocation.show.result({"reportGroups": list(shapes), "reportGroupsNotFound": []})
    return ExitCode.SUCCEEDED


@reports.command(
    epilog="""\b
Examples:
  cicd reports show --failed             of the newest report
  cicd reports show web:1b2c             the reports of a build
"""
)
@click.argument("what", metavar="[ID|GROUP]", required=False, shell_complete=ids("build"))
@click.option("--failed", is_flag=True, help="Only what failed, or is not covered.")
@shared_options
def show(invocation: Invocation, *, what: str | None, failed: bool) -> int:
    """
    Show reports whole: every case that is kept, every file.

    ID is a report, a build, or a batch or pipeline execution; GROUP means its newest report.
    """
    from cicd.build.reports.find import find_reports
    from cicd.build.reports.shapes import cases_as_api, coverages_as_api, report_as_api

    with invocation.services() as services:
        found = find_reports(services, what)
        for each in found:
            _show(invocation.show, each, failed=failed)
        invocation.show.result(
            {
                "reports": [report_as_api(each.summary, each.stream) for each in found],
                "testCases": [case for each in found for case in cases_as_api(each)],
                "codeCoverages": [file for each in found for file in coverages_as_api(each)],
            }
        )
    return ExitCode.SUCCEEDED


@reports.command(epilog="\b\nExample:\n  cicd reports trend web-unit --limit 10\n")
@click.argument("group")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="At most so many."
)
@shared_options
def trend(invocation: Invocation, *, group: str, limit: int) -> int:
    """Show how the reports of a group changed, the newest first."""
    from cicd.build.reports.history import summaries
    from cicd.build.reports.trend import TREND_FIELDS, as_trend, trend_values

    with invocation.services() as services:
        every = (summary for _, summary in summaries(services) if summary["name"] == group)
        found = list(islice(every, limit))
        if not found:
            raise UsageError(f"there is no report group '{group}'", hint="see cicd reports groups")
        values = [(str(summary["arn"]), trend_values(summary)) for summary in found]
        fields = [field for field in TREND_FIELDS if field in values[0][1]]
        invocation.show.table(
            ("report", "made", *fields),
            [
                (
                    arn.rpartition("/")[2],
                    _moment(summary),
                    *(f"{of.get(field, 0):.10g}" for field in fields),
                )
                for summary, (arn, of) in zip(found, values, strict=True)
            ],
        )
        invocation.show.result({field: as_trend(field, values) for field in fields})
    return ExitCode.SUCCEEDED


@reports.command(epilog="\b\nExample:\n  cicd reports html web-unit -o report.html\n")
@click.argument("what", metavar="[ID|GROUP]", required=False, shell_complete=ids("build"))
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="Where to put the page.",
)
@shared_options
def html(invocation: Invocation, *, what: str | None, out: Path) -> int:
    """
    Write reports as one page that needs nothing else.

    ID is a report, a build, or a batch or pipeline execution; GROUP means its newest report.
    """
    from cicd.build.reports.find import find_reports
    from cicd.build.reports.page import page

    with invocation.services() as services:
        text = page(find_reports(services, what))
        write_out(out, text)
        invocation.show.text(str(out))
        invocation.show.result({"file": str(out.absolute())})
    return ExitCode.SUCCEEDED


def _show(presenter: Presenter, found: FoundReport, *, failed: bool) -> None:
    from cicd.build.reports.model import BAD
    from cicd.build.reports.summary import change_of, sums_of

    summary, report = found.summary, found.report
    identity = str(summary["arn"]).rpartition("/")[2]
    good = summary["status"] == "SUCCEEDED"
    presenter.text(
        f"{identity}  {summary['status']}  {sums_of(summary)}",
        Level.INFO if good else Level.WARNING,
    )
    change = change_of(summary)
    if change:
        presenter.text(f"compared with the run before: {change}")
    for text in (*report.unreadable, *str(summary.get("nothing", "")).splitlines()):
        presenter.text(text, Level.FAILURE)
    cases = [case for case in report.cases if not failed or case.status in BAD]
    presenter.table(
        ("status", "took", "suite", "case"),
        [
            (
                case.status.value,
                f"{case.seconds:.3f} s",
                case.suite,
                ".".join(part for part in (case.prefix, case.name) if part),
            )
            for case in cases
        ],
    )
    for case in cases:
        if case.status in BAD:
            place = f"{case.where}: " if case.where else ""
            presenter.text(f"{place}{case.name}", Level.FAILURE)
            presenter.text("\n".join(f"  {line}" for line in case.message.split("\n")))
    if report.truncated:
        presenter.text(f"{len(report.cases)} of {report.total} cases are kept")
    presenter.table(
        ("lines", "covered", "missed", "branches", "file"),
        [
            (
                f"{file.coverage.line_percentage:.1f} %",
                str(file.coverage.lines_covered),
                str(file.coverage.lines_missed),
                f"{file.coverage.branch_percentage:.1f} %"
                if file.coverage.branches_covered + file.coverage.branches_missed
                else "",
                file.path,
            )
            for file in report.files
            if not failed or file.coverage.lines_missed + file.coverage.branches_missed
        ],
    )


def _moment(summary: Mapping[str, JSON]) -> str:
    from cicd.build.reports.trend import number_of

    return local_time(datetime.fromtimestamp(number_of(summary.get("created")), UTC))
