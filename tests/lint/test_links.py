"""What documents of one repository say of each other."""

import pytest

from cicd.cli import cicd
from cicd.cli.boundary import run
from cicd.lint.links import check_links
from cicd.lint.links_bundle import could_hold

APPSPEC = """\
version: 0.0
os: linux
files: [{source: app, destination: /srv}]
hooks:
  AfterInstall: [{location: scripts/start.sh}]
"""
BUILDSPEC = """\
version: 0.2
phases: {{build: {{commands: [make]}}}}
artifacts:
  files: {files}
  {more}
"""


@pytest.mark.parametrize(
    ("pattern", "name", "may"),
    [
        ("**/*", "appspec.yml", True),
        ("appspec.yml", "appspec.yml", True),
        ("*.yml", "appspec.yml", True),
        ("*.yml", "scripts/a.sh", False),
        ("scripts/*", "scripts/a.sh", True),
        ("scripts/*", "scripts", True),
        ("scripts/**/*", "scripts/deep/a.sh", True),
        ("scripts/a.sh", "scripts/b.sh", False),
        ("*/a.sh", "scripts/a.sh", True),
        ("app", "app/deep", False),
    ],
)
def test_what_a_pattern_may_take(pattern, name, may):
    assert may is could_hold((pattern,), name)


def told(folder, files="['**/*']", more=""):
    (folder / "buildspec.yml").write_text(BUILDSPEC.format(files=files, more=more))
    (folder / "appspec.yml").write_text(APPSPEC)
    return [(p.rule, p.span.source.name, p.span.line) for p in check_links(folder)]


def test_everything_is_in_an_artifact_of_everything(tmp_path):
    assert [] == told(tmp_path)


def test_what_no_pattern_takes_is_told_where_it_is_named(tmp_path):
    assert [
        ("links/file-left-out", "appspec.yml", 3),
        ("links/file-left-out", "appspec.yml", 5),
    ] == told(tmp_path, "[appspec.yml, '*.jar']")


def test_an_appspec_that_stays_behind_is_told_at_the_patterns(tmp_path):
    assert [("links/appspec-left-out", "buildspec.yml", 4)] == told(tmp_path, "[app.jar]")


@pytest.mark.parametrize(
    ("files", "more"),
    [("['$OUT/*']", ""), ("['*.jar']", "base-directory: target"), ("[a]", "discard-paths: yes")],
)
def test_what_cannot_be_decided_is_not_told(tmp_path, files, more):
    assert [] == told(tmp_path, files, more)


def test_a_script_with_windows_line_ends_cannot_start(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "start.sh").write_bytes(b"#!/bin/sh\r\necho a\r\n")
    assert [("links/script-line-ends", "appspec.yml", 5)] == told(tmp_path)


def test_links_are_part_of_lint_and_can_be_passed_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told(tmp_path, "[app.jar]")
    assert 1 == run(cicd, ["lint", "--fail-on", "warning", "--output", "plain"])
    assert "warning[links/appspec-left-out]" in capsys.readouterr().err
    line = "artifacts:\n  # cicd-lint: ignore=links/*"
    text = (tmp_path / "buildspec.yml").read_text().replace("artifacts:", line)
    (tmp_path / "buildspec.yml").write_text(text)
    run(cicd, ["lint", "--output", "plain"])
    assert "links/" not in capsys.readouterr().err
