"""How a report compares with the one before it, in the fields of GetReportGroupTrend. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.event import JSON

TREND_FIELDS = (
    "PASS_RATE",
    "DURATION",
    "TOTAL",
    "LINE_COVERAGE",
    "LINES_COVERED",
    "LINES_MISSED",
    "BRANCH_COVERAGE",
    "BRANCHES_COVERED",
    "BRANCHES_MISSED",
)
# What people are told of: the field, its name, how it is written.
_TOLD = (
    ("PASS_RATE", "pass rate", "{:.1f} %"),
    ("DURATION", "duration", "{:.2f} s"),
    ("TOTAL", "tests", "{:.0f}"),
    ("LINE_COVERAGE", "lines", "{:.1f} %"),
    ("BRANCH_COVERAGE", "branches", "{:.1f} %"),
)


def trend_values(summary: Mapping[str, JSON]) -> dict[str, float]:
    """
    Give the values of one report by field; a report of tests has three, one of coverage six.

    ``summary`` is what ``reports.summary`` made. Durations are in seconds.
    Source: API Reference, "GetReportGroupTrend".
    """
    if summary.get("type") == "CODE_COVERAGE":
        counts = summary.get("coverage")
        counts = counts if isinstance(counts, Mapping) else {}
        names = {
            "LINE_COVERAGE": "lineCoveragePercentage",
            "LINES_COVERED": "linesCovered",
            "LINES_MISSED": "linesMissed",
            "BRANCH_COVERAGE": "branchCoveragePercentage",
            "BRANCHES_COVERED": "branchesCovered",
            "BRANCHES_MISSED": "branchesMissed",
        }
        return {name: number_of(counts.get(key)) for name, key in names.items()}
    counted, total = summary.get("statusCounts"), number_of(summary.get("total"))
    passed = number_of(counted.get("SUCCEEDED")) if isinstance(counted, Mapping) else 0
    return {
        "PASS_RATE": round(passed * 100 / total, 2) if total else 0.0,
        "DURATION": number_of(summary.get("durationInNanoSeconds")) / 1e9,
        "TOTAL": total,
    }


def trend_words(now: Mapping[str, float], before: Mapping[str, float]) -> str:
    """Say what changed: "pass rate ▲ up to 100.0 % from 50.0 %, tests ▼ down to 2 from 3"."""
    return ", ".join(_changes(now, before)) or "nothing changed"


def as_trend(field: str, reports: Sequence[tuple[str, Mapping[str, float]]]) -> Mapping[str, JSON]:
    """
    Give the answer of GetReportGroupTrend for (report ARN, its values), the newest first.

    Source: API Reference, "GetReportGroupTrend".
    """
    raw = [(arn, values[field]) for arn, values in reports if field in values]
    numbers = [value for _, value in raw]
    stats: dict[str, JSON] = {}
    if numbers:
        stats = {
            "average": _text(sum(numbers) / len(numbers)),
            "max": _text(max(numbers)),
            "min": _text(min(numbers)),
        }
    data: list[JSON] = [{"reportArn": arn, "data": _text(value)} for arn, value in raw]
    return {"stats": stats, "rawData": data}


def number_of(value: JSON) -> float:
    """Take a number out of an event; 0 for anything else."""
    return float(value) if isinstance(value, int | float) else 0.0


def _changes(now: Mapping[str, float], before: Mapping[str, float]) -> Iterator[str]:
    for field, name, form in _TOLD:
        if field not in now or field not in before:
            continue
        new, old = form.format(now[field]), form.format(before[field])
        if new != old:
            sign = "▲ up" if now[field] > before[field] else "▼ down"
            yield f"{name} {sign} to {new} from {old}"


def _text(value: float) -> str:
    """Write a number as the API does, which has texts here."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
