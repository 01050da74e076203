"""Reports found again, and the page of them."""

import pytest

from cicd.build.reports.find import find_reports
from cicd.build.reports.page import page
from cicd.errors import UsageError


def test_a_report_is_found_by_group_id_build_or_as_the_newest(build, services, source):
    text = "<testsuite><testcase name='&lt;b>%REPORTS%'><failure/></testcase></testsuite>"
    (source / "r.xml").write_text(text)
    done = build(
        "version: 0.2\nphases: {build: {commands: ['true']}}\nreports: {u: {files: r.xml}}\n"
    )
    words = (None, "app-u", done.result.reports[0]["arn"], done.result.build_id)
    found = [find_reports(services, each) for each in words]
    assert [("app-u",)] * 4 == [tuple(f.summary["name"] for f in each) for each in found]
    made = page(found[0])
    assert "&lt;b&gt;%REPORTS%" in made
    assert "<b>%" not in made
    with pytest.raises(UsageError, match="no report"):
        find_reports(services, "nothing")
