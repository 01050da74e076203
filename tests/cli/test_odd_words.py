"""Words of the command line that nobody means, and what is said of them."""

import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.errors import ExitCode


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_RUNNER", "host")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("builds list --home ~nosuchuser/x", "could not determine home directory"),
        ("builds list --home loop/x", "loop"),
        ("builds list --limit 99999999999999999999", "no state can hold that"),
        ("builds show \udcff", "bytes that are no text"),
        ("images pull \udcff", "bytes that are no text"),
        ("cache prune --max-size " + "9" * 400, "is not a size"),
    ],
)
def test_it_is_refused_as_a_word(words, said, capsys):
    status = run(cicd, [*words.split(), "--output", "json"])
    error = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert (ExitCode.USAGE, True) == (status, said in error["message"]), error


def test_a_home_that_is_empty_is_not_the_directory_one_is_in(place, capsys):
    assert ExitCode.USAGE == run(cicd, ["builds", "list", "--home", ""])
    assert "it is empty" in capsys.readouterr().err
    assert not (place / "state.db").exists()


@pytest.mark.parametrize("file", ["", "not/there.svg", "loop"])
def test_a_file_that_cannot_be_written_is_named(capsys, file):
    assert ExitCode.UNAVAILABLE == run(cicd, ["builds", "badge", "-o", file])
    assert f"'{file or '.'}' cannot be written: " in capsys.readouterr().err


def test_a_path_of_a_document_that_leads_nowhere_fails_its_action(place, capsys):
    (place / "cicd.yml").write_text('local: {repositories: {r: "~nosuchuser/x"}}\n')
    source = {
        "name": "S",
        "actionTypeId": {
            "category": "Source",
            "owner": "AWS",
            "provider": "CodeCommit",
            "version": "1",
        },
        "configuration": {"RepositoryName": "r", "BranchName": "main"},
        "outputArtifacts": [{"name": "o"}],
    }
    approval = {
        "name": "A",
        "actionTypeId": {
            "category": "Approval",
            "owner": "AWS",
            "provider": "Manual",
            "version": "1",
        },
    }
    stages = [{"name": "S", "actions": [source]}, {"name": "A", "actions": [approval]}]
    declared = {
        "name": "p",
        "roleArn": "arn:aws:iam::123456789012:role/x",
        "artifactStore": {"type": "S3", "location": "bucket"},
        "stages": stages,
    }
    (place / "pipeline.json").write_text(json.dumps({"pipeline": declared}))
    assert 0 != run(cicd, ["pipeline", "run"])
    said = "".join(capsys.readouterr())
    assert ("a path leads nowhere" in said, "a bug" in said) == (True, False), said
