"""What shows one thing, as programs read it: one object, of nothing and of what has run."""

import json
import subprocess

import click
import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.cli.test_help import all_below, context_of

LOOKS = {"check", "diff", "doctor", "get", "graph", "history", "lint", "report", "show", "status"}
LOOKS |= {"actions", "badge", "targets", "trend", "triggers"}
RAN = {
    ("builds", "show"): "builds",
    ("builds", "badge"): "badge",
    ("pipeline", "status"): "pipelineExecution",
    ("pipeline", "history"): "actionExecutionDetails",
    ("pipeline", "graph"): "graph",
    ("deploy", "status"): "deploymentInfo",
    ("deploy", "targets"): "targetIds",
    ("status",): "executions",
    ("state", "check"): "faults",
    ("doctor",): "findings",
    ("lint",): "documents",
    ("images", "list"): "images",
}


def required(command):
    """Give a word for each argument that a command cannot do without."""
    return ["x" for each in command.params if isinstance(each, click.Argument) and each.required]


SHOWS = [
    (*context.command_path.split()[1:], *required(context.command))
    for context in all_below(context_of(cicd, "cicd"))
    if context.info_name in LOOKS
    and any("--output" in option.opts for option in context.command.params)
]


def objects(words, capsys):
    """Run a command, and give what it printed: an object a line."""
    capsys.readouterr()
    status = run(cicd, [*words, "--output", "json"])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Make a repository whose pipeline has built and deployed."""
    there = tmp_path_factory.mktemp("site")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.com"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(there)
        patch.setenv("CICD_HOME", str(there / ".cicd"))
        (there / "index.html").write_text("<p>Hello</p>\n")
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        assert run(cicd, ["init", "--runner", "host"]) == 0
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "all"], check=True)
        assert run(cicd, ["pipeline", "run"]) == 0
    return there


@pytest.mark.parametrize("words", SHOWS, ids=" ".join)
def test_a_look_at_nothing_is_one_object(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / "home"))
    status, said = objects(words, capsys)
    assert status in {0, 1, 2, 4}
    (only,) = said
    assert isinstance(only, dict)
    assert only.get("type") != "notice"


@pytest.mark.parametrize(("words", "key"), RAN.items(), ids=map(" ".join, RAN))
def test_a_look_at_what_has_run_is_one_object(words, key, worked, monkeypatch, capsys):
    monkeypatch.chdir(worked)
    monkeypatch.setenv("CICD_HOME", str(worked / ".cicd"))
    status, (only,) = objects(words, capsys)
    assert status in {0, 1}
    assert key in only


def test_a_warning_is_an_object_of_standard_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(cicd, ["lint", "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().err)
    assert "cicd init" in told["text"]
    assert told["type"] == "notice"


def test_every_look_that_has_something_to_show_is_walked():
    assert len(SHOWS) > 15
    assert {words[-1] for words in RAN} <= {*LOOKS, "list"}
