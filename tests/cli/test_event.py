"""`--event`: a build as a webhook would start it, from what git knows."""

import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.cli.event import read_event
from cicd.errors import UsageError
from tests.git_command import git

BUILDSPEC = """version: 0.2
proxy: {logs: yes}
phases:
  build:
    commands: ['env | grep ^CODEBUILD_WEBHOOK | sort; echo $CODEBUILD_SOURCE_VERSION']
"""
PROJECT = """projects:
  - name: web
    webhook:
      filterGroups:
        - - {type: EVENT, pattern: 'PUSH, PULL_REQUEST_CREATED'}
          - {type: BASE_REF, pattern: ^refs/heads/main$}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two commits on main, and one more on a branch that is checked out."""
    home = tmp_path / "home"
    source = tmp_path / "app"
    source.mkdir()
    monkeypatch.chdir(source)
    monkeypatch.setenv("CICD_HOME", str(home))
    monkeypatch.setenv("CICD_RUNNER", "host")
    git(source, "init", "-q", "-b", "main")
    (source / "buildspec.yml").write_text(BUILDSPEC)
    git(source, "add", "-A")
    git(source, "commit", "-qm", "one")
    (source / "a.txt").write_text("a")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "two")
    git(source, "checkout", "-qb", "door")
    (source / "b.txt").write_text("b")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "three\n\nwhy")
    return source


def test_a_push_is_of_the_branch_that_is_checked_out(here):
    event = read_event("push", here)
    assert ("refs/heads/door", git(here, "rev-parse", "HEAD^"), ("b.txt",), "three\n\nwhy") == (
        event.head_ref,
        event.previous_commit,
        event.files,
        event.message,
    )


def test_a_ref_is_a_branch_unless_there_is_only_a_tag_of_that_name(here):
    git(here, "tag", "v1")
    git(here, "tag", "main")
    heads = [read_event(f"push:{ref}", here).head_ref for ref in ("v1", "main", "x", "refs/y")]
    assert ["refs/tags/v1", "refs/heads/main", "refs/heads/x", "refs/y"] == heads


def test_a_first_commit_has_nothing_before_it(here):
    git(here, "checkout", "-q", "main~1", "-b", "first")
    event = read_event("push", here)
    assert ("", ("buildspec.yml",)) == (event.previous_commit, event.files)


def test_a_pull_request_changes_what_differs_since_the_branch_left_its_base(here):
    git(here, "checkout", "-q", "main")
    git(here, "commit", "-q", "--allow-empty", "-m", "main goes on")
    git(here, "checkout", "-q", "door")
    event = read_event("pull_request_merged:main#25", here)
    assert ("PULL_REQUEST_MERGED", "refs/heads/main", "pr/25", ("b.txt",)) == (
        event.type,
        event.base_ref,
        event.trigger,
        event.files,
    )
    assert "refs/heads/main" == read_event("pull-request", here).base_ref


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("pusch", "there is no event 'pusch'"),
        ("pull_request:nothing", "'nothing' is not a commit, branch or tag"),
    ],
)
def test_what_cannot_be_an_event_is_refused(here, typed, said):
    with pytest.raises(UsageError, match=said):
        read_event(typed, here)


def test_a_detached_head_needs_a_name(here):
    git(here, "checkout", "-q", "--detach")
    with pytest.raises(UsageError, match="no branch is checked out"):
        read_event("push", here)


def test_a_build_for_an_event_is_told_of_it(here, capsys):
    assert 0 == run(cicd, ["build", "--event", "pull_request:main#7"])
    told = capsys.readouterr()
    assert [
        "CODEBUILD_WEBHOOK_BASE_REF=refs/heads/main",
        "CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_CREATED",
        "CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/door",
        "CODEBUILD_WEBHOOK_TRIGGER=pr/7",
        "pr/7",
    ] == [li for li in told.out.splitlines() if li.startswith(("CODEBUILD", "pr/"))]
    assert "1 key has no effect here, or another: proxy.logs" in told.err


def test_an_event_that_the_webhook_lets_pass_by_starts_nothing(here, capsys):
    (here / "cicd.yml").write_text(PROJECT)
    assert 0 == run(cicd, ["build", "--event", "push", "--output", "json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (False, ["group 1: BASE_REF: there is nothing to match '^refs/heads/main$'"]) == (
        result["started"],
        result["reasons"],
    )
    assert 0 == run(cicd, ["build", "--event", "pull_request:main"])
    assert "pr/1" in capsys.readouterr().out.splitlines()


def test_the_ledger_can_be_asked_for_alone(here, capsys):
    assert 0 == run(cicd, ["build", "--ledger"])
    assert (
        "buildspec.yml:2:9  proxy.logs  no effect here: logs are files of this machine\n"
        == capsys.readouterr().out
    )
    assert 0 == run(cicd, ["build", "--ledger", "--output", "json"])
    (entry,) = json.loads(capsys.readouterr().out)["ledger"]
    assert ("proxy.logs", "NONE") == (entry["key"], entry["effect"])


def test_a_webhook_whose_build_type_is_build_batch_starts_the_batch(here, capsys):
    (here / "cicd.yml").write_text(
        "projects:\n  - name: web\n    webhook:\n      buildType: BUILD_BATCH\n"
        "      filterGroups: [[{type: EVENT, pattern: PUSH}]]\n"
    )
    (here / "buildspec.yml").write_text(f"{BUILDSPEC}batch: {{build-list: [{{identifier: a}}]}}\n")
    assert 0 == run(cicd, ["build", "--runner", "host", "--event", "push:main"])
    lines = capsys.readouterr().out.splitlines()
    assert "[a] CODEBUILD_WEBHOOK_EVENT=PUSH" in lines
