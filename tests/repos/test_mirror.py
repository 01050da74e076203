"""A source elsewhere: what is fetched is kept, and each commit is checked out once."""

from datetime import UTC, datetime, timedelta

import pytest

from cicd.errors import UsageError
from cicd.repos.find import open_repository
from cicd.repos.mirror import KEPT, check_out, mirror
from tests.git_command import git

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def origin(tmp_path):
    there = tmp_path / "origin"
    there.mkdir()
    git(there, "init", "--quiet", "--initial-branch=main")
    pushed(there, "one")
    return there


def pushed(origin, text):
    (origin / "a").write_text(text)
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", f"--message={text}")


def objects(repository):
    return {path: path.stat().st_ino for path in (repository / "objects").rglob("*.*")} | {
        path: path.stat().st_ino for path in (repository / "objects").glob("??/*")
    }


def test_only_what_is_new_is_fetched(origin, tmp_path):
    copy = mirror(origin.as_uri(), tmp_path / "kept")
    first = objects(copy)
    pushed(origin, "two")
    mirror(origin.as_uri(), tmp_path / "kept")
    second = objects(copy)
    assert first == {path: second[path] for path in first}
    assert 3 == len(second) - len(first)  # a file, its directory, the commit


def test_a_commit_is_checked_out_once_as_a_repository_of_its_own(origin, tmp_path):
    first = check_out(origin.as_uri(), None, tmp_path / "kept", NOW)
    (first / "mark").touch()
    assert first == check_out(origin.as_uri(), "main", tmp_path / "kept", NOW)
    assert (first / "mark").exists()
    revision = open_repository(first).describe()
    assert (first.name, "one", origin.as_uri()) == (
        revision.id,
        revision.message,
        revision.url,
    )


def test_a_version_may_be_a_pull_request_and_one_that_is_not_there_is_said(origin, tmp_path):
    git(origin, "checkout", "--quiet", "--detach")
    pushed(origin, "asked for")
    git(origin, "update-ref", "refs/pull/7/head", "HEAD")
    git(origin, "checkout", "--quiet", "main")
    tree = check_out(origin.as_uri(), "pr/7", tmp_path / "kept", NOW)
    assert "asked for" == (tree / "a").read_text()
    with pytest.raises(UsageError, match="is not a commit, branch or tag"):
        check_out(origin.as_uri(), "pr/8", tmp_path / "kept", NOW)


def test_what_nobody_has_asked_for_goes_in_time(origin, tmp_path):
    first = check_out(origin.as_uri(), None, tmp_path / "kept", NOW)
    pushed(origin, "two")
    second = check_out(origin.as_uri(), None, tmp_path / "kept", NOW + KEPT)
    assert (True, True) == (first.exists(), second.exists())
    later = NOW + KEPT + timedelta(seconds=1)
    assert second == check_out(origin.as_uri(), None, tmp_path / "kept", later)
    assert (False, True) == (first.exists(), second.exists())
