"""Reports for other programs: SARIF, JUnit and GitHub's workflow commands."""

import json
from xml.etree import ElementTree as ET

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd

NAME = "a,b 100%/buildspec.yml"
BAD = "version: 0.2\nphases:\n  pre-build:\n    commands: [make]\nartefacts: {files: [a]}\n"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).parent.mkdir()
    (tmp_path / NAME).write_text(BAD)
    (tmp_path / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: [make]}}\n")
    return tmp_path


def report(kind, capsys, status=1):
    assert status == run(cicd, ["lint", "--output", kind])
    return capsys.readouterr().out


def test_sarif_has_what_its_schema_requires(capsys):
    log = json.loads(report("sarif", capsys))
    assert "2.1.0" == log["version"]
    (told,) = log["runs"]
    driver = told["tool"]["driver"]
    assert "cicd lint" == driver["name"]
    first, second = told["results"]
    assert ("build/unknown-phase", "error") == (first["ruleId"], first["level"])
    assert ("build/unknown-key", "warning") == (second["ruleId"], second["level"])
    for result in told["results"]:
        assert result["ruleId"] == driver["rules"][result["ruleIndex"]]["id"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert (
            "a%2Cb%20100%25/buildspec.yml"
            == (location["physicalLocation"]["artifactLocation"]["uri"])
        )
    region = first["locations"][0]["physicalLocation"]["region"]
    assert (3, 3, 3, 12) == tuple(region.values())
    (change,) = first["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    assert region == replacement["deletedRegion"]
    assert "pre_build" == replacement["insertedContent"]["text"]


def test_junit_has_a_suite_a_document_and_fails_what_is_grave(capsys):
    root = ET.fromstring(report("junit", capsys))
    assert ("3", "1") == (root.get("tests"), root.get("failures"))
    suites = {suite.get("name"): suite for suite in root}
    assert {NAME, "buildspec.yml"} == set(suites)
    (failure,) = suites[NAME].iter("failure")
    assert "build/unknown-phase" == failure.get("type")
    assert "'pre-build' is not a phase" == failure.get("message")
    assert [] == list(suites["buildspec.yml"].iter("failure"))


def test_workflow_commands_are_escaped(capsys):
    first, second = report("github", capsys).splitlines()
    assert first.startswith(
        "::error file=a%2Cb 100%25/buildspec.yml,line=3,endLine=3,col=3,endColumn=12,"
        "title=build/unknown-phase::'pre-build' is not a phase: "
    )
    assert second.startswith("::warning file=")
    assert all(line.count("::") == 2 for line in (first, second))


def test_standard_input_is_told_by_its_content(capsys, monkeypatch, tmp_path):
    given = tmp_path / "given"
    given.write_text(BAD)
    with given.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert 1 == run(cicd, ["lint", "-", "--output", "plain"])
    assert "--> stdin:3:3" in capsys.readouterr().err
