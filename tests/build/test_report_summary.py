"""What people are told of a report: the sums, and the first cases that failed."""

from cicd.build.reports.junit_xml import read_junit_xml
from cicd.build.reports.model import CaseStatus, Report, TestCase
from cicd.build.reports.summary import summary, summary_lines
from cicd.engine.redaction import Redactor
from tests.build.machine import plan


def lines(report, *secrets):
    kept = summary(
        report, plan=plan(), group="unit", file_format="JUNITXML", redactor=Redactor(secrets)
    )
    return list(summary_lines(kept))


def case(name, status, **more):
    return TestCase(name=name, status=status, **more)


def test_a_line_of_sums_then_one_for_each_case_that_failed():
    report = Report(
        cases=(
            case("ok", CaseStatus.SUCCEEDED, seconds=1.25),
            case("later", CaseStatus.SKIPPED),
            case("bad", CaseStatus.FAILED, prefix="m.C", message="a\nb", where="t.py:3"),
            case("worse", CaseStatus.ERROR, seconds=0.25),
        )
    )
    assert [
        "Report app-unit: FAILED, 4 tests: 1 passed, 1 failed, 1 errors, 1 skipped (1.50 s)",
        "  t.py:3: FAILED m.C.bad: a",
        "  ERROR worse",
    ] == lines(report)


def test_of_many_failed_cases_the_first_are_shown_and_the_others_counted():
    report = Report(cases=tuple(case(f"c{n}", CaseStatus.FAILED) for n in range(70)))
    _, *said, last = lines(report)
    assert [f"  FAILED c{n}" for n in range(10)] == said
    assert "  and 60 more" == last


def test_a_long_message_is_cut_and_a_secret_in_it_hidden():
    message = "password1 " + "x" * 300
    report = Report(cases=(case("c", CaseStatus.FAILED, message=message),))
    (said,) = lines(report, "password1")[1:]
    assert said.startswith("  FAILED c: *** xxx")
    assert said.endswith("x…")
    assert 200 + len("  FAILED c: ") == len(said)


def test_a_file_that_cannot_be_read_is_named():
    report = Report(cases=(), unreadable=("r.xml: line 1",))
    assert ["  r.xml: line 1"] == lines(report)[1:]


def test_the_place_is_what_the_failures_text_ends_with_or_what_the_case_says():
    head = "<testsuite><testcase name='n' "
    failure = "><failure message='m'>{}</failure></testcase></testsuite>"
    ends = failure.format("def t():\nE  assert\n\ntests/t.py:12: AssertionError")
    for text, expected in [
        (head + ends, "tests/t.py:12"),
        (head + "file='f.js' line='7'" + failure.format("at x"), "f.js:7"),
        (head + "file='f.js'" + failure.format("no: 3: place here"), "f.js"),
        (head + failure.format("E: 1: 2"), ""),
    ]:
        (found,) = read_junit_xml(text.encode())
        assert expected == found.where
