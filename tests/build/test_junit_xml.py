from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.build.reports.junit_xml import read_junit_xml
from cicd.build.reports.model import CaseStatus, Report, ReportStatus, ReportUnreadable, TestCase

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="4" time="0.1">
<testcase classname="tests.test_a" name="test_ok" time="0.001" />
<testcase classname="tests.test_a" name="test_bad" time="1,000.5">
<failure message="assert 1 == 2">def test_bad():
&gt;   assert 1 == 2</failure><system-out>not this</system-out></testcase>
<testcase classname="tests.test_a" name="test_skip"><skipped type="s" message="later"/></testcase>
<testcase classname="tests.test_a" name="test_err"><error>boom</error></testcase>
</testsuite></testsuites>"""


def test_a_file_of_pytest():
    ok, bad, skipped, error = read_junit_xml(PYTEST)
    assert ("test_ok", "pytest", "tests.test_a", 0.001) == (
        ok.name,
        ok.suite,
        ok.prefix,
        ok.seconds,
    )
    assert (CaseStatus.FAILED, 1000.5) == (bad.status, bad.seconds)
    assert bad.message.startswith("assert 1 == 2\ndef test_bad")
    assert "not this" not in bad.message
    assert (CaseStatus.SKIPPED, "later") == (skipped.status, skipped.message)
    assert (CaseStatus.ERROR, "boom") == (error.status, error.message)


def test_a_lone_suite_and_a_namespace_are_understood():
    (case,) = read_junit_xml(b'<testsuite xmlns="urn:x" name="s"><testcase name="n"/></testsuite>')
    assert ("s", "n", CaseStatus.SUCCEEDED) == (case.suite, case.name, case.status)


def test_a_suite_without_cases_is_empty():
    assert () == read_junit_xml(b"<testsuites/>")


BOMB = b"""<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""
FILE = b"""<!DOCTYPE t [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<testsuite><testcase name="n"><failure>&f;</failure></testcase></testsuite>"""


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "no element found"),
        (b"<testsuite><testcase name='a'/>", "line 1"),
        (b"<html/>", "<html>"),
        (BOMB, "document type"),
        (FILE, "document type"),
        (b"<testsuite>" * 200, "deeper"),
        (b"\xff\xfe\x00garbage", "line"),
        (b"<?xml version='1.0' encoding='nonsense'?><testsuite/>", "encoding"),
    ],
)
def test_what_is_no_report_says_why(content, word):
    with pytest.raises(ReportUnreadable, match=word):
        read_junit_xml(content)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_cases_or_unreadable(content):
    with suppress(ReportUnreadable):
        read_junit_xml(content)


def case(status, number=0):
    return TestCase(name=str(number), status=status)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (Report(cases=(case(CaseStatus.SUCCEEDED),)), ReportStatus.SUCCEEDED),
        (Report(cases=(case(CaseStatus.SKIPPED),)), ReportStatus.SUCCEEDED),
        (Report(cases=(case(CaseStatus.ERROR),), unreadable=("f: x",)), ReportStatus.FAILED),
        (Report(cases=(case(CaseStatus.SUCCEEDED),), unreadable=("x",)), ReportStatus.INCOMPLETE),
        (Report(cases=()), ReportStatus.INCOMPLETE),
    ],
)
def test_the_status_of_a_report(report, expected):
    assert expected == report.status


def test_when_cutting_failed_cases_are_kept_first():
    cases = tuple(case(CaseStatus.SUCCEEDED, n) for n in range(600))
    report = Report(cases=(*cases, case(CaseStatus.FAILED, 600)))
    assert (500, "600") == (len(report.kept()), report.kept()[0].name)
    assert 601 == sum(report.counts().values())
