import os
import stat

import pytest

from cicd.backends.source_directory import DirectorySource
from cicd.backends.source_git import GitSource
from cicd.errors import Unavailable, UsageError
from tests.git_command import git


@pytest.fixture(autouse=True)
def no_configuration_of_the_developers(monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def repo(tmp_path):
    directory = tmp_path / "repo"
    (directory / "lib").mkdir(parents=True)
    (directory / "a.txt").write_text("committed")
    (directory / "lib" / "b.txt").write_text("b")
    (directory / ".gitignore").write_text("*.log\n")
    git(directory, "init", "-q", "-b", "main")
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "first")
    (directory / "a.txt").write_text("changed")
    (directory / "new.txt").write_text("new")
    (directory / "x.log").write_text("ignored")
    (directory / ".cicd").mkdir()
    (directory / ".cicd" / "config.toml").write_text("")
    return directory


def names(directory):
    return sorted(
        str(p.relative_to(directory))
        for p in directory.rglob("*")
        if p.is_symlink() or p.is_file()
    )


def test_committed_code_is_fetched_without_what_was_not_committed(repo, tmp_path):
    source = GitSource(repo)
    revision = source.fetch(None, tmp_path / "out")
    assert [".gitignore", "a.txt", "lib/b.txt"] == names(tmp_path / "out")
    assert "committed" == (tmp_path / "out" / "a.txt").read_text()
    assert (git(repo, "rev-parse", "HEAD"), "main", False) == (
        revision.id,
        revision.branch,
        revision.dirty,
    )
    assert source.describe().dirty


def test_a_directory_without_git_has_no_committed_code(tmp_path):
    for call in (GitSource(tmp_path).describe, lambda: GitSource(tmp_path).fetch(None, tmp_path)):
        with pytest.raises(UsageError, match="is not in a git repository"):
            call()


def test_a_working_tree_is_fetched_with_changes_and_new_files_but_not_ignored_ones(repo, tmp_path):
    revision = DirectorySource(repo).fetch(None, tmp_path / "out")
    assert [".gitignore", "a.txt", "lib/b.txt", "new.txt"] == names(tmp_path / "out")
    assert "changed" == (tmp_path / "out" / "a.txt").read_text()
    assert (git(repo, "rev-parse", "HEAD"), "main", True) == (
        revision.id,
        revision.branch,
        revision.dirty,
    )
    assert revision == DirectorySource(repo).describe()


def test_a_directory_below_the_top_is_a_source_of_its_own(repo, tmp_path):
    DirectorySource(repo / "lib").fetch(None, tmp_path / "one")
    GitSource(repo / "lib").fetch(None, tmp_path / "two")
    assert [["b.txt"]] * 2 == [names(tmp_path / "one"), names(tmp_path / "two")]


def test_a_repository_without_commits_is_a_working_tree_without_a_commit(tmp_path):
    (tmp_path / "repo").mkdir()
    git(tmp_path / "repo", "init", "-q")
    (tmp_path / "repo" / "a").write_text("1")
    revision = DirectorySource(tmp_path / "repo").fetch(None, tmp_path / "out")
    assert ("", str(tmp_path / "repo")) == (revision.id, revision.url)
    assert ["a"] == names(tmp_path / "out")


def test_a_plain_directory_is_fetched_whole_but_for_the_home(tmp_path):
    directory = tmp_path / "plain"
    (directory / "d" / "empty").mkdir(parents=True)
    (directory / ".cicd").mkdir()
    (directory / ".cicd" / "state.db").write_text("")
    (directory / "run").write_text("#!/bin/sh\n")
    (directory / "run").chmod(0o755)
    (directory / "link").symlink_to("d")
    (directory / "dangling").symlink_to("/nowhere")
    (directory / "ü \n").write_bytes(b"\0" * 100_000)
    os.mkfifo(directory / "pipe")
    os.utime(directory / "run", (1_000_000, 1_000_000))
    revision = DirectorySource(directory).fetch(None, tmp_path / "out")
    out = tmp_path / "out"
    assert ("", str(directory), False) == (revision.id, revision.url, revision.dirty)
    assert ["dangling", "link", "run", "ü \n"] == names(out)
    assert (out / "d" / "empty").is_dir()
    assert ("d", "/nowhere") == (
        str((out / "link").readlink()),
        str((out / "dangling").readlink()),
    )
    assert (0o755, 1_000_000) == (
        stat.S_IMODE((out / "run").stat().st_mode),
        (out / "run").stat().st_mtime,
    )
    assert b"\0" * 100_000 == (out / "ü \n").read_bytes()


def test_a_copy_made_below_the_directory_does_not_hold_itself(tmp_path):
    (tmp_path / "a").write_text("1")
    for _ in range(2):
        DirectorySource(tmp_path).fetch(None, tmp_path / "out")
    assert ["a"] == names(tmp_path / "out")


def test_a_copy_never_changes_the_original(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("1")
    DirectorySource(tmp_path / "in").fetch(None, tmp_path / "out")
    (tmp_path / "out" / "a").write_text("2")
    assert "1" == (tmp_path / "in" / "a").read_text()


def test_files_that_the_kernel_makes_up_are_copied_too(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "copy_file_range", refused)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("1")
    DirectorySource(tmp_path / "in").fetch(None, tmp_path / "out")
    assert "1" == (tmp_path / "out" / "a").read_text()


def test_a_working_tree_has_no_versions(repo, tmp_path):
    with pytest.raises(UsageError, match="is taken as it is, so it has no 'v1'"):
        DirectorySource(repo).fetch("v1", tmp_path / "out")


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="absent is not a directory"):
        DirectorySource(tmp_path / "absent").describe()


def test_a_full_disk_leaves_an_empty_directory(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / name).write_text("1")
    utime = os.utime

    def filling(path, **times):
        if path.name == "b":
            raise OSError(28, "No space left on device", str(path))
        utime(path, **times)

    monkeypatch.setattr(os, "utime", filling)
    with pytest.raises(Unavailable, match="b cannot be copied: No space left on device"):
        DirectorySource(tmp_path / "in").fetch(None, tmp_path / "out")
    assert [] == names(tmp_path / "out")
