"""The reports of a build or a batch at its end: a table, and what failed in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.reports.summary import summary_lines
from cicd.build.reports.trend import number_of, trend_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.cli.show import Presenter
    from cicd.event import JSON

COLUMNS = ("REPORT", "STATUS", "TOTAL", "PASSED", "FAILED", "SKIPPED", "TOOK", "LINES", "TREND")
_ALWAYS = 2  # of them; the others only if a report has something to say there
_TREND_OF = ("PASS_RATE", "LINE_COVERAGE")  # per cent; of tests, of coverage


def show_reports(
    show: Presenter, reports: Sequence[Mapping[str, JSON]], *, failures: bool = False
) -> None:
    """
    Show a line for each report: its sums, and how many per cent better it is than the one before.

    ``failures``: what failed in them was not told before.
    """
    if failures:
        for report in reports:
            if report["status"] != "SUCCEEDED":
                for line in summary_lines(report):
                    show.text(line)
    rows = [_row(report) for report in reports]
    used = [at for at in range(len(COLUMNS)) if at < _ALWAYS or any(row[at] for row in rows)]
    show.table([COLUMNS[at] for at in used], [[row[at] for at in used] for row in rows])


def _row(report: Mapping[str, JSON]) -> tuple[str, ...]:
    name, status = str(report["name"]), str(report["status"])
    if report.get("type") == "CODE_COVERAGE":
        values = trend_values(report)
        known = values["LINES_COVERED"] + values["LINES_MISSED"]
        lines = f"{values['LINE_COVERAGE']:.1f} %" if known else "none"
        return (name, status, "", "", "", "", "", lines, _trend(report))
    counts = report["statusCounts"]
    assert isinstance(counts, Mapping), "made by summary"
    passed, failed, error, skipped = (
        int(number_of(counts.get(of))) for of in ("SUCCEEDED", "FAILED", "ERROR", "SKIPPED")
    )
    seconds = number_of(report["durationInNanoSeconds"]) / 1e9
    total = f"{number_of(report['total']):.0f}"
    numbers = (total, str(passed), str(failed + error), str(skipped), f"{seconds:.2f} s")
    return (name, status, *numbers, "", _trend(report))


def _trend(report: Mapping[str, JSON]) -> str:
    """Say how the share of what passed, or is covered, has changed; "" for the first report."""
    previous = report.get("previous")
    if not isinstance(previous, Mapping):
        return ""
    now = trend_values(report)
    field = next(name for name in _TREND_OF if name in now)
    if field not in previous:
        return ""
    change = round(now[field] - number_of(previous[field]), 1)
    if not change:
        return "="
    return f"{'▲' if change > 0 else '▼'} {abs(change):.1f} %"
