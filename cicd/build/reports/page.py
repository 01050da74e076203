"""Reports as one page of HTML that needs nothing else: no server, no network, no other file."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.reports.model import BAD, CaseStatus, ReportType
from cicd.build.reports.summary import WORDS, change_of, sums_of
from cicd.build.reports.trend import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cicd.build.reports.model import FileCoverage, TestCase
    from cicd.build.reports.of_builds import FoundReport

_TEMPLATE = Path(__file__).with_name("page.html")
_GOOD_FROM, _MIDDLING_FROM = 80, 50  # per cent of lines covered


def page(found: Sequence[FoundReport]) -> str:
    """Give the page; whatever stands in reports is text on it, never markup."""
    stream = found[0].stream.partition("/")[2] if len({each.stream for each in found}) == 1 else ""
    one = found[0].summary["name"] if len(found) == 1 else None
    made = datetime.fromtimestamp(number_of(found[0].summary.get("created")), UTC)
    parts = {
        "TITLE": str(one or f"Reports of {stream}"),
        "SUBTITLE": f"{f'{stream} · ' if one else ''}{made:%Y-%m-%d %H:%M:%S} UTC",
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in parts.items():
        text = text.replace(f"%{name}%", escape(value))
    # Last, so that nothing in a report can pass for one of these marks.
    before, _, after = text.partition("%REPORTS%")
    overview = _overview(found) if len(found) > 1 else ""
    sections = (_section(each, number) for number, each in enumerate(found))
    return before + overview + "\n".join(sections) + after


def _overview(found: Sequence[FoundReport]) -> str:
    """Give a table of all reports, each with a link to its section."""
    rows = "\n".join(
        f"<tr><td class='name'><a href='#report-{number}'>{escape(str(each.summary['name']))}"
        f"</a>{_told_of(each)}</td>"
        f"<td>{_badge(each)}</td><td class='sums'>{escape(sums_of(each.summary))}</td></tr>"
        for number, each in enumerate(found)
    )
    return f"<section class='overview'><table><tbody>\n{rows}\n</tbody></table></section>\n"


def _told_of(found: FoundReport) -> str:
    change = change_of(found.summary)
    return f"<div class='suite'>{escape(change)}</div>" if "from" in change else ""


def _badge(found: FoundReport) -> str:
    status = found.report.status.value
    return f'<span class="badge {status}">{status}</span>'


def _section(found: FoundReport, number: int) -> str:
    report = found.report
    name = escape(str(found.summary["name"]))
    change = change_of(found.summary)
    body = _coverage(found) if report.type is ReportType.CODE_COVERAGE else _tests(found)
    notes = [*report.unreadable, *str(found.summary.get("nothing", "")).splitlines()]
    if report.truncated:
        notes.append(f"{len(report.cases)} of {report.total} cases are kept, failed ones first")
    told = f'<p class="soft">Compared with the run before: {escape(change)}</p>' if change else ""
    told += "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    head = f'<div class="head"><h2>{name}</h2>{_badge(found)}</div>'
    return f'<section id="report-{number}">{head}{told}{body}</section>'


def _tests(found: FoundReport) -> str:
    report = found.report
    shown = [(str(report.total), "tests", "")]
    shown += [
        (str(report.counts[status.value]), word, status.value)
        for status, word in WORDS.items()
        if report.counts.get(status.value)
    ]
    shown.append((f"{report.seconds:.2f} s", "duration", ""))
    shares = [
        (report.counts.get(status.value, 0) * 100 / max(report.total, 1), status.value)
        for status in (CaseStatus.SUCCEEDED, CaseStatus.FAILED, CaseStatus.ERROR)
    ]
    bar = "".join(f'<i class="{name}" style="width:{share:.2f}%"></i>' for share, name in shares)
    heads = (("Status", ""), ("Test", ""), ("Duration", "number"))
    return f'{_tiles(shown)}<div class="bar">{bar}</div>' + _table(
        heads, map(_case, report.cases), only="Failed only"
    )


def _case(case: TestCase) -> str:
    bad = case.status in BAD
    name = f"{escape(case.name) or '(no name)'}"
    around = " · ".join(escape(part) for part in dict.fromkeys((case.suite, case.prefix)) if part)
    told = f'<div class="suite">{around}</div>' if around else ""
    if case.message:
        place = f" <span class='suite'>{escape(case.where)}</span>" if case.where else ""
        name = (
            f"<details{' open' * bad}><summary>{name}{place}</summary>{told}"
            f"<pre>{escape(case.message)}</pre></details>"
        )
    else:
        name += told
    status = case.status.value
    return (
        f"<tr{' data-bad=1' * bad}><td class='state {status}'>{status}</td>"
        f"<td class='name' data-key='{escape(case.name)}'>{name}</td>"
        f"<td class='number' data-key='{case.seconds:.6f}'>{case.seconds:.3f} s</td></tr>"
    )


def _coverage(found: FoundReport) -> str:
    coverage = found.report.coverage
    lines = coverage.lines_covered + coverage.lines_missed
    branches = coverage.branches_covered + coverage.branches_missed
    shown = [
        (f"{coverage.line_percentage:.1f} %", f"{coverage.lines_covered} of {lines} lines", ""),
        (
            f"{coverage.branch_percentage:.1f} %" if branches else "–",
            f"{coverage.branches_covered} of {branches} branches",
            "",
        ),
        (str(len(found.report.files)), "files", ""),
    ]
    share = coverage.line_percentage
    bar = f'<i class="{_grade(share)}" style="width:{share:.2f}%"></i>'
    heads = (
        ("File", ""),
        ("Lines", "number"),
        ("Covered", "number"),
        ("Missed", "number"),
        ("Branches", "number"),
    )
    return f'{_tiles(shown)}<div class="bar">{bar}</div>' + _table(
        heads, map(_file, found.report.files), only="Not fully covered only"
    )


def _file(file: FileCoverage) -> str:
    of = file.coverage
    missed = of.lines_missed + of.branches_missed
    share = of.line_percentage
    branches = of.branches_covered + of.branches_missed
    told = f"{of.branch_percentage:.1f} %" if branches else "–"
    return (
        f"<tr{' data-bad=1' * bool(missed)}><td class='name'>{escape(file.path)}</td>"
        f"<td class='number' data-key='{share}'><span class='share {_grade(share)}'>"
        f"<i style='width:{share}%'></i></span>"
        f"<span class='share-number'>{share:.1f} %</span></td>"
        f"<td class='number'>{of.lines_covered}</td><td class='number'>{of.lines_missed}</td>"
        f"<td class='number' data-key='{of.branch_percentage if branches else -1}'>{told}</td>"
        "</tr>"
    )


def _grade(share: float) -> str:
    if share >= _GOOD_FROM:
        return "SUCCEEDED"
    return "SKIPPED" if share >= _MIDDLING_FROM else "FAILED"


def _tiles(shown: Iterable[tuple[str, str, str]]) -> str:
    tiles = (
        f'<div class="tile"><b class="{kind}">{escape(value)}</b><span>{escape(word)}</span></div>'
        for value, word, kind in shown
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _table(heads: Iterable[tuple[str, str]], rows: Iterable[str], *, only: str) -> str:
    body = "\n".join(rows)
    if not body:
        return ""
    head = "".join(f'<th class="{kind}"><button>{name}</button></th>' for name, kind in heads)
    return (
        '<div class="tools"><input type="search" placeholder="Search" aria-label="Search">'
        f'<label><input type="checkbox"> {only}</label></div><div class="wide"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )
