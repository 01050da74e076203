"""Reports added up, and reports of several builds made one."""

import pytest

from cicd.build.reports.merge import merge_reports
from cicd.build.reports.model import CaseStatus, Coverage, FileCoverage, ReportType, TestCase
from cicd.build.reports.tally import Tally

S, F, I = "SUCCEEDED", "FAILED", "INCOMPLETE"  # noqa: E741


def case(status, name="c", seconds=0.0):
    return TestCase(name=name, status=CaseStatus(status), seconds=seconds)


def file(path, covered, missed, branches=(0, 0)):
    return FileCoverage(
        path=path,
        coverage=Coverage(
            lines_covered=covered,
            lines_missed=missed,
            branches_covered=branches[0],
            branches_missed=branches[1],
        ),
    )


def report(*findings, unreadable=()):
    coverage = any(isinstance(each, FileCoverage) for each in findings)
    tally = Tally(
        type=ReportType.CODE_COVERAGE if coverage else ReportType.TEST,
        unreadable=list(unreadable),
    )
    tally.add(findings)
    return tally.report()


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (report(case(S)), S),
        (report(case("SKIPPED")), S),
        (report(case("UNKNOWN")), S),
        (report(case("ERROR"), unreadable=("f: x",)), F),
        (report(case(S), unreadable=("x",)), I),
        (report(), I),
        (report(file("a", 0, 1)), S),
        (report(file("a", 1, 1), unreadable=("x",)), I),
    ],
)
def test_the_status_of_a_report(made, expected):
    assert expected == made.status


def test_when_cutting_failed_cases_are_kept_first_and_all_are_counted():
    cases = [case(S, str(n), 0.5) for n in range(600)]
    made = report(*cases, case(F, "600"), case("ERROR", "601"))
    assert (500, ["600", "601"]) == (len(made.cases), [c.name for c in made.cases[:2]])
    assert (602, True, 300) == (made.total, made.truncated, made.seconds)
    assert {S: 600, F: 1, "ERROR": 1} == made.counts


def test_500_cases_are_kept_whole():
    made = report(*(case(S, str(n)) for n in range(500)))
    assert (500, False) == (len(made.cases), made.truncated)


def test_memory_does_not_grow_with_the_cases():
    tally = Tally()
    tally.add(case(status) for status in (S, F) * 5000)
    assert (500, 500) == (len(tally.bad), len(tally.good))


def test_of_one_source_file_told_of_twice_the_better_record_counts():
    made = report(file("a", 1, 1), file("a", 2, 0), file("a", 0, 2), file("b", 1, 3))
    assert ["a", "b"] == [f.path for f in made.files]
    assert (3, 3, 50.0) == (
        made.coverage.lines_covered,
        made.coverage.lines_missed,
        made.coverage.line_percentage,
    )


def test_percentages_of_nothing_are_nothing():
    assert (0.0, 0.0) == (Coverage().line_percentage, Coverage().branch_percentage)


# ── Fan-out ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([report(case(S)), report(case(S))], S),
        ([report(case(S)), report(case(F)), None], F),
        ([report(case(S)), None], I),
        ([report(case(S)), report()], I),
        ([None], I),
        ([], I),
    ],
)
def test_the_status_of_reports_merged(parts, expected):
    assert expected == merge_reports(parts).status


def test_merged_counts_are_sums_and_the_duration_is_the_longest():
    merged = merge_reports([report(case(S, seconds=2)), report(case(S, seconds=3), case(F))])
    assert ({S: 2, F: 1}, 3, 3) == (merged.counts, merged.total, merged.seconds)


def test_of_many_merged_cases_failed_ones_are_kept_first():
    parts = [report(*(case(S) for _ in range(400)), case(F, str(n))) for n in range(2)]
    merged = merge_reports(parts)
    assert (802, 500, ["0", "1"]) == (
        merged.total,
        len(merged.cases),
        [c.name for c in merged.cases[:2]],
    )


def test_merged_coverage_is_a_sum_and_of_each_file_the_best_record():
    merged = merge_reports(
        [
            report(file("a", 1, 1, (1, 1)), file("b", 1, 0)),
            report(file("a", 1, 1, (2, 0)), file("b", 0, 1)),
        ]
    )
    assert ReportType.CODE_COVERAGE == merged.type
    assert Coverage(lines_covered=3, lines_missed=3, branches_covered=3, branches_missed=1) == (
        merged.coverage
    )
    assert (file("a", 1, 1, (2, 0)), file("b", 1, 0)) == merged.files


def test_merging_one_report_changes_nothing():
    one = report(case(S, seconds=1), case(F), unreadable=("x",))
    assert one == merge_reports([one])
