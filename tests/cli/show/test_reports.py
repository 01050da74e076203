"""The table of reports at the end of a build."""

import io

from cicd.cli.show.plain import Plain
from cicd.cli.show.reports import show_reports


def report_of_tests(**more):
    return {
        "name": "app-unit",
        "arn": "arn:aws:codebuild:us-east-1:1:report/app-unit:1",
        "type": "TEST",
        "status": "FAILED",
        "total": 4,
        "statusCounts": {"SUCCEEDED": 1, "FAILED": 1, "ERROR": 1, "SKIPPED": 1},
        "durationInNanoSeconds": 1_500_000_000,
        "unreadable": [],
        "failed": [
            {"name": "bad", "prefix": "m", "where": "t.py:3", "status": "FAILED", "message": "a"}
        ],
    } | more


def report_of_coverage(share, lines=4, **more):
    return {
        "name": "app-cov",
        "type": "CODE_COVERAGE",
        "status": "SUCCEEDED",
        "coverage": {"lineCoveragePercentage": share, "linesCovered": lines, "linesMissed": 0},
    } | more


def shown(*reports, **more):
    out = io.StringIO()
    show_reports(Plain(out, out), reports, **more)
    return out.getvalue().splitlines()


def test_a_row_for_each_report_with_its_sums_and_its_trend():
    assert [
        "REPORT    STATUS     TOTAL  PASSED  FAILED  SKIPPED  TOOK    LINES   TREND",
        "app-unit  FAILED     4      1       2       1        1.50 s          ▼ 75.0 %",
        "app-cov   SUCCEEDED                                          66.7 %  ▲ 16.7 %",
        "app-cov   SUCCEEDED                                          66.7 %  =",
    ] == shown(
        report_of_tests(previous={"PASS_RATE": 100}),
        report_of_coverage(66.67, previous={"LINE_COVERAGE": 50}),
        report_of_coverage(66.67, previous={"LINE_COVERAGE": 66.67}),
    )


def test_a_column_in_which_nothing_stands_is_left_out():
    assert ["REPORT   STATUS     LINES", "app-cov  SUCCEEDED  50.0 %"] == shown(
        report_of_coverage(50)
    )


def test_a_report_without_any_line_has_no_share_of_them():
    assert "app-cov  SUCCEEDED  none" == shown(report_of_coverage(0, lines=0))[1]


def test_what_failed_is_told_where_it_was_not_before():
    said = shown(report_of_tests(), failures=True)
    assert "  t.py:3: FAILED m.bad: a" in said
    assert said.index("  t.py:3: FAILED m.bad: a") < len(said) - 2
