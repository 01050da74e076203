"""`cicd reports` from outside, after two builds that made one."""

import json

import pytest

from tests.cli.killed import Outside

SPEC = """version: 0.2
phases: {build: {commands: ["true"]}}
reports:
  unit: {files: [junit.xml], file-format: JUNITXML}
"""
CASES = '<testcase classname="c" name="good" time="1.5"/>{more}'
BAD = '<testcase classname="c" name="bad"><failure message="no">why</failure></testcase>'


def junit(more):
    return f'<testsuite name="s">{CASES.format(more=more)}</testsuite>'


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    made = Outside(tmp_path_factory.mktemp("reports"))
    (made.directory / "buildspec.yml").write_text(SPEC)
    (made.directory / "cicd.yml").write_text("projects:\n  - name: app\n")
    for more in (BAD, ""):
        (made.directory / "junit.xml").write_text(junit(more))
        assert 0 == made.run("build", "--runner", "host")[0]
    return made


def asked(outside, *words):
    status, out, _ = outside.run("reports", *words, "--output", "json")
    assert 0 == status
    return json.loads(out.splitlines()[-1])


def test_a_list_has_the_newest_first_in_the_shape_of_the_api(outside):
    found = asked(outside, "list")
    assert [] == found["reportsNotFound"]
    assert ["SUCCEEDED", "FAILED"] == [report["status"] for report in found["reports"]]
    newest, older = found["reports"]
    assert {"total": 2, "FAILED": 1, "SUCCEEDED": 1} == {
        "total": older["testSummary"]["total"],
        **{s: n for s, n in older["testSummary"]["statusCounts"].items() if n},
    }
    assert ("TEST", "app-unit") == (newest["type"], newest["name"])
    assert [] == asked(outside, "list", "--group", "none")["reports"]


def test_groups_have_their_newest_report(outside):
    (group,) = asked(outside, "groups")["reportGroups"]
    assert ("app-unit", "TEST") == (group["name"], group["type"])
    _, out, _ = outside.run("reports", "groups")
    assert ["app-unit", "TEST", "SUCCEEDED"] == out.splitlines()[-1].split()[:3]


def test_show_has_the_cases_and_failed_only_those(outside):
    older = asked(outside, "list")["reports"][1]["arn"].rpartition("/")[2]
    cases = asked(outside, "show", older)["testCases"]
    assert {"good": "SUCCEEDED", "bad": "FAILED"} == {c["name"]: c["status"] for c in cases}
    _, out, _ = outside.run("reports", "show", older, "--failed")
    assert (True, False) == ("bad" in out, "good" in out)


def test_a_trend_has_a_row_a_report(outside):
    status, out, _ = outside.run("reports", "trend", "app-unit")
    assert (0, 2) == (status, sum("app-unit:" in line for line in out.splitlines()))
    assert 2 == outside.run("reports", "trend", "none")[0]


def test_a_page_needs_nothing_else(outside):
    assert 0 == outside.run("reports", "html", "-o", "page.html")[0]
    page = (outside.directory / "page.html").read_text()
    assert ("good" in page, "src=" in page, "http://" in page) == (True, False, False)


def test_show_says_why_a_report_has_nothing_and_which_variable_its_group_lacks(tmp_path):
    made = Outside(tmp_path)
    spec = "{files: gone.xml}\n  $GROUP: {files: made.xml}\n"
    (tmp_path / "buildspec.yml").write_text(
        'version: 0.2\nphases: {build: {commands: [echo \'<testsuite><testcase name="t"/>'
        f"</testsuite>' >made.xml]}}}}\nreports:\n  unit: {spec}"
    )
    status, said, _ = made.run("build", "--runner", "host")
    lack = "buildspec.yml:5:19: the variable GROUP of '$GROUP' is not set at the end of the build"
    nothing = "buildspec.yml:4:17: nothing in the source's directory matches gone.xml"
    assert (0, 1, 1) == (status, said.count(lack), said.count(nothing))
    assert "SUCCEEDED, 1 test: 1 passed" in said
    _, shown, _ = made.run("reports", "show")
    assert (1, 1) == (shown.count(lack), shown.count(nothing))
    page = tmp_path / "page.html"
    assert 0 == made.run("reports", "html", "--out", str(page))[0]
    assert nothing in page.read_text().replace("&#x27;", "'")
