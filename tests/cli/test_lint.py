"""``cicd lint`` from outside."""

import json

import pytest

from cicd.cli import cicd
from cicd.cli.boundary import run

GOOD = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"
BAD_PHASE = "version: 0.2\nphases:\n  pre-build:\n    commands: [make]\n"


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _lint(*arguments):
    return run(cicd, ["lint", "--output", "plain", *arguments])


def test_a_good_repository_is_answered_with_the_names_of_what_was_checked(repository, capsys):
    (repository / "buildspec.yml").write_text(GOOD)
    assert _lint() == 0
    assert capsys.readouterr().out == "nothing to say about buildspec.yml\n"


def test_a_misspelt_phase_shows_its_line_a_caret_and_what_was_meant(repository, capsys):
    (repository / "buildspec.yml").write_text(BAD_PHASE)
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "--> buildspec.yml:3:3" in said
    assert "^^^^^^^^^ did you mean 'pre_build'?" in said


def test_documents_are_found_below_but_not_in_dependencies(repository, capsys):
    for place in ("ci", "node_modules/x"):
        (repository / place).mkdir(parents=True)
        (repository / place / "buildspec.yml").write_text(BAD_PHASE)
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "ci/buildspec.yml:3:3" in said
    assert "node_modules" not in said


def test_a_document_with_another_name_is_told_by_its_content(repository, capsys):
    (repository / "release.yml").write_text(BAD_PHASE)
    assert _lint("release.yml") == 1
    assert "release.yml:3:3" in capsys.readouterr().err


def test_a_document_that_cannot_be_read_ends_with_3(repository, capsys):
    (repository / "buildspec.yml").write_text("version: 0.2\n\tphases:\n")
    assert _lint() == 3
    assert "buildspec.yml:2:1" in capsys.readouterr().err


def test_warnings_fail_only_when_asked_to(repository):
    (repository / "buildspec.yml").write_text(GOOD + "artefacts:\n  files: ['*']\n")
    assert _lint() == 0
    assert _lint("--fail-on", "warning") == 1


def test_a_template_is_passed_over_aloud(repository, capsys):
    (repository / "pipeline.yml").write_text(
        "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties: {Name: !Ref X}\n"
    )
    assert _lint() == 0
    assert "pipeline.yml: a CloudFormation template" in capsys.readouterr().err


def test_a_pipeline_document_and_its_resources_are_checked_together(repository, capsys):
    (repository / "cicd.yml").write_text("projects:\n  - name: x\n    sauce: {type: S3}\n")
    (repository / "pipeline.json").write_text('{"pipeline": {"name": "p", "stages": []}}')
    assert _lint() == 1
    said = capsys.readouterr().err
    assert "cicd.yml:3:5" in said
    assert "pipeline.json:1:" in said


def test_programs_get_one_problem_a_line_and_the_count_last(repository, capsys):
    (repository / "buildspec.yml").write_text(BAD_PHASE)
    assert run(cicd, ["lint", "--output", "json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["rule"] == "build/unknown-phase"
    assert (lines[0]["line"], lines[0]["column"]) == (3, 3)
    assert lines[-1]["counts"] == {"error": 1, "warning": 0, "note": 0}
