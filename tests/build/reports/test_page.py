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


def test_several_reports_begin_with_a_table_of_them_all(build, services, source):
    text = "<testsuite><testcase name='a'/></testsuite>"
    (source / "r.xml").write_text(text)
    groups = "reports: {u: {files: r.xml}, v: {files: gone.xml}}\n"
    done = build(f"version: 0.2\nphases: {{build: {{commands: ['true']}}}}\n{groups}")
    made = page(find_reports(services, done.result.build_id))
    overview = made[
        made.index("<section class='overview'>") : made.index('<section id="report-0">')
    ]
    for name, number in (("app-u", 0), ("app-v", 1)):
        assert f"<a href='#report-{number}'>{name}</a>" in overview
    assert overview.index("SUCCEEDED") < overview.index("INCOMPLETE")
    assert 'id="report-1"' in made
    assert "class='overview'" not in page(find_reports(services, "app-u"))
