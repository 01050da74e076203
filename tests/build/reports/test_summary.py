"""What an event keeps of a report, and what people are told of it."""

from datetime import UTC, datetime

from cicd.build.reports.kept import masked
from cicd.build.reports.model import CaseStatus, Coverage, FileCoverage, ReportType, TestCase
from cicd.build.reports.summary import summary, summary_lines
from cicd.build.reports.tally import Tally
from cicd.build.reports.trend import as_trend, trend_values
from cicd.engine.redaction import Redactor
from tests.build.machine import plan

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def made(*findings, secrets=(), unreadable=(), **more):
    kind = FileCoverage if findings and isinstance(findings[0], FileCoverage) else TestCase
    tally = Tally(
        type=ReportType.CODE_COVERAGE if kind is FileCoverage else ReportType.TEST,
        unreadable=list(unreadable),
    )
    tally.add(findings)
    report = masked(tally.report(), Redactor(secrets))
    given = {"group": "unit", "file_format": "JUNITXML"} | more
    return summary(report, plan=plan(), created=NOW, **given)


def lines(*findings, **more):
    return list(summary_lines(made(*findings, **more)))


def case(name, status, **more):
    return TestCase(name=name, status=status, **more)


def file(path, *counts):
    names = ("lines_covered", "lines_missed", "branches_covered", "branches_missed")
    return FileCoverage(path=path, coverage=Coverage(**dict(zip(names, counts, strict=True))))


def test_a_line_of_sums_then_one_for_each_case_that_failed_then_the_slowest():
    assert [
        "Report app-unit: FAILED, 4 tests: 1 passed, 1 failed, 1 errors, 1 skipped (1.50 s)",
        "  t.py:3: FAILED m.C.bad: a",
        "  ERROR worse",
        "  slowest: 1.25 s ok, 0.25 s worse",
    ] == lines(
        case("ok", CaseStatus.SUCCEEDED, seconds=1.25),
        case("later", CaseStatus.SKIPPED),
        case("bad", CaseStatus.FAILED, prefix="m.C", message="a\nb", where="t.py:3"),
        case("worse", CaseStatus.ERROR, seconds=0.25),
    )


def test_a_status_that_nobody_knows_is_counted():
    (said,) = lines(case("odd", CaseStatus.UNKNOWN))
    assert "0 skipped, 1 unknown (0.00 s)" in said


def test_coverage_in_a_line():
    assert ["Report app-unit: SUCCEEDED, 2 files: lines 75.0 % (3 of 4), branches none"] == lines(
        file("a", 3, 0, 0, 0), file("b", 0, 1, 0, 0)
    )
    assert [
        "Report app-unit: SUCCEEDED, 1 file: lines 50.0 % (1 of 2), branches 25.0 % (1 of 4)"
    ] == lines(file("a", 1, 1, 1, 3))


def test_of_many_failed_cases_the_first_are_shown_and_the_others_counted():
    _, *said, last = lines(*(case(f"c{n}", CaseStatus.FAILED) for n in range(70)))
    assert [f"  FAILED c{n}" for n in range(10)] == said
    assert "  and 60 more" == last


def test_a_long_message_is_cut_and_a_secret_in_it_hidden():
    message = "password1 " + "x" * 300
    (said,) = lines(case("c", CaseStatus.FAILED, message=message), secrets=("password1",))[1:]
    assert said.startswith("  FAILED c: *** xxx")
    assert said.endswith("x…")
    assert 200 + len("  FAILED c: ") == len(said)


def test_a_secret_that_the_longest_message_would_cut_in_half_is_hidden():
    tally = Tally()
    tally.add([case("c" * 2000, CaseStatus.FAILED, message="x" * 4995 + "password1")])
    (kept,) = masked(tally.report(), Redactor(("password1",))).cases
    assert ("x" * 4995 + "***", 1000) == (kept.message, len(kept.name))


def test_a_file_that_cannot_be_read_is_named():
    assert ["  r.xml:1:1: no"] == lines(unreadable=("r.xml:1:1: no",))[1:]


def test_a_group_is_named_after_its_project_or_by_its_arn():
    def names(group):
        summed = made(case("c", CaseStatus.SUCCEEDED), group=group)
        return summed["name"], summed["arn"], summed["reportGroupArn"]

    head = "arn:aws:codebuild:us-east-1:123456789012"
    assert ("app-unit", f"{head}:report/app-unit:1", f"{head}:report-group/app-unit") == (
        names("unit")
    )
    assert ("all", f"{head}:report/all:1", f"{head}:report-group/all") == (
        names("arn:aws:codebuild:eu-west-1:1:report-group/all")
    )


def test_what_changed_since_the_run_before_is_told_with_a_sign_and_a_word():
    good, bad = case("a", CaseStatus.SUCCEEDED), case("b", CaseStatus.FAILED)
    before = made(good, bad)
    assert (
        "  compared with the run before: pass rate ▲ up to 100.0 % from 50.0 %, "
        "duration ▲ up to 0.50 s from 0.00 s, tests ▼ down to 1 from 2"
    ) == lines(case("a", CaseStatus.SUCCEEDED, seconds=0.5), previous=before)[-1]
    assert "  compared with the run before: nothing changed" == lines(good, previous=made(good))[1]
    covered = made(file("a", 1, 1, 0, 0))
    assert (
        "  compared with the run before: lines ▼ down to 25.0 % from 50.0 %"
        == lines(file("a", 1, 3, 0, 0), previous=covered)[-1]
    )


def test_a_trend_has_the_fields_of_the_api():
    summed = [made(file("a", 1, n, 1, 1)) for n in (1, 3)]
    values = [(str(s["arn"]), trend_values(s)) for s in summed]
    arn = summed[0]["arn"]
    assert {
        "stats": {"average": "37.5", "max": "50", "min": "25"},
        "rawData": [{"reportArn": arn, "data": "50"}, {"reportArn": arn, "data": "25"}],
    } == as_trend("LINE_COVERAGE", values)
    assert {"stats": {}, "rawData": []} == as_trend("PASS_RATE", values)
