import os
import subprocess

import pytest

from cicd.errors import Unavailable, UsageError
from cicd.repos.find import find_repository, open_repository
from cicd.repos.git_command import refusal
from cicd.repos.working_files import working_files

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada Ü",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+02:00",
    "GIT_COMMITTER_NAME": "Bob",
    "GIT_COMMITTER_EMAIL": "bob@example.com",
    "GIT_COMMITTER_DATE": "2026-01-03T03:04:05+00:00",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@pytest.fixture(autouse=True)
def identity(monkeypatch):
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)


def git(directory, *arguments):
    said = subprocess.run(
        ["git", *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


def commit(directory, files, message="a message"):
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "--allow-empty", "-m", message)
    return git(directory, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path):
    directory = tmp_path / "repo"
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main")
    commit(directory, {"a.txt": "1", "services/api/run.sh": "run"}, "first\n\nbody\n")
    return directory


def names(directory):
    return sorted(
        str(p.relative_to(directory))
        for p in directory.rglob("*")
        if (p.is_symlink() or not p.is_dir()) and ".git" not in p.relative_to(directory).parts
    )


def state(directory):
    """Everything of the user's that reading must not change."""
    return (
        (directory / ".git" / "HEAD").read_bytes(),
        (directory / ".git" / "index").read_bytes(),
        git(directory, "for-each-ref"),
        {name: (directory / name).read_bytes() for name in names(directory)},
    )


def test_head_is_described_whole(repo):
    git(repo, "tag", "v1.9")
    git(repo, "tag", "-a", "v1.10", "-m", "annotated")
    git(repo, "remote", "add", "origin", "https://ada:secret@example.com/shop.git")
    found = open_repository(repo).describe()
    assert git(repo, "rev-parse", "HEAD") == found.id
    assert ("main", "v1.10", "first\n\nbody", "Ada Ü", False) == (
        found.branch,
        found.tag,
        found.message,
        found.author,
        found.dirty,
    )
    assert ("2026-01-02T03:04:05+02:00", "2026-01-03T03:04:05") == (
        found.author_date,
        found.committer_date[:19],
    )
    assert "https://example.com/shop.git" == found.url


def test_without_a_remote_the_url_is_the_directory(repo):
    assert str(repo) == open_repository(repo).describe().url


def test_an_ssh_address_is_kept(repo):
    git(repo, "remote", "add", "origin", "git@example.com:shop.git")
    assert "git@example.com:shop.git" == open_repository(repo).describe().url


@pytest.mark.parametrize(
    ("change", "dirty"),
    [
        ("echo 2 > a.txt", True),
        ("echo 2 > new.txt", True),
        ("echo 2 > new.txt; echo new.txt > .git/info/exclude", False),
        ("rm a.txt", True),
        ("echo 2 > a.txt; git add a.txt", True),
        ("touch a.txt", False),
    ],
)
def test_dirty_is_whatever_a_commit_would_not_hold(repo, change, dirty):
    subprocess.run(change, shell=True, cwd=repo, check=True)
    assert dirty == open_repository(repo).describe().dirty


def test_a_detached_head_has_no_branch(repo):
    git(repo, "checkout", "-q", "--detach")
    assert "" == open_repository(repo).describe().branch


def test_a_repository_is_found_from_any_directory_of_it(repo):
    found = open_repository(repo / "services" / "api")
    assert (repo, "services/api", repo / "services" / "api") == (
        found.root,
        found.prefix,
        found.directory,
    )


def test_a_linked_working_tree_is_a_repository(repo, tmp_path):
    git(repo, "branch", "side")
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"), "side")
    commit(tmp_path / "linked", {"side.txt": "s"})
    found = open_repository(tmp_path / "linked")
    assert "side" == found.describe().branch
    found.export(None, tmp_path / "out")
    assert "side.txt" in names(tmp_path / "out")


def test_a_bare_repository_can_be_described_and_exported(repo, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    found = open_repository(tmp_path / "bare.git")
    assert ("main", False) == (found.describe().branch, found.describe().dirty)
    found.export("main", tmp_path / "out")
    assert ["a.txt", "services/api/run.sh"] == names(tmp_path / "out")


def test_outside_a_repository_nothing_is_found_and_opening_says_what_to_do(tmp_path):
    assert None is find_repository(tmp_path)
    with pytest.raises(UsageError, match="is not in a git repository") as caught:
        open_repository(tmp_path)
    assert "--working-tree" in caught.value.hint


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="absent is not a directory"):
        find_repository(tmp_path / "absent")


def test_a_repository_without_commits_says_so(tmp_path):
    git(tmp_path, "init", "-q")
    found = open_repository(tmp_path)
    assert found.is_empty()
    with pytest.raises(UsageError, match="has no commit yet"):
        found.describe()


def test_git_that_is_not_installed_is_unavailable(repo, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable, match="git is not installed"):
        find_repository(repo)


def test_a_repository_of_somebody_else_says_how_to_trust_it(repo, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own tests use it
    with pytest.raises(Unavailable) as caught:
        find_repository(repo)
    assert f"git does not trust {repo}: somebody else owns it" == caught.value.message
    assert f"git config --global --add safe.directory '{repo}'" == caught.value.hint


def test_an_unreadable_configuration_is_unavailable_with_gits_own_reason(repo):
    (repo / ".git" / "config").write_text("[core\n")
    with pytest.raises(Unavailable, match="bad config line 1"):
        find_repository(repo)


def test_a_commit_a_branch_and_a_tag_are_resolved(repo):
    first = git(repo, "rev-parse", "HEAD")
    git(repo, "tag", "-a", "v1", "-m", "annotated")
    git(repo, "branch", "feature/x")
    second = commit(repo, {"b.txt": "2"})
    found = open_repository(repo)
    versions = {
        None: second,
        "main": second,
        "refs/heads/main": second,
        "v1": first,
        "refs/tags/v1": first,
        "feature/x": first,
        first: first,
        first[:10]: first,
        "HEAD~1": first,
        f"refs/heads/main^{{{first}}}": first,
    }
    assert versions == {version: found.resolve(version) for version in versions}


def test_a_branch_that_only_origin_has_is_resolved(repo, tmp_path):
    git(repo, "branch", "feature")
    git(tmp_path, "clone", "-q", str(repo), "clone")
    found = open_repository(tmp_path / "clone")
    assert git(repo, "rev-parse", "feature") == found.resolve("feature")
    assert "feature" == found.export("feature", tmp_path / "out").branch


@pytest.mark.parametrize(
    "version", ["absent", "", "--all", "a b", "main:a.txt", "HEAD^{tree}", "x\0y", "0" * 40, "é"]
)
def test_an_unknown_version_names_the_branches(repo, version):
    with pytest.raises(UsageError) as caught:
        open_repository(repo).resolve(version)
    assert f"'{version}' is not a commit, branch or tag of {repo}" == caught.value.message
    assert "its branches: main" == caught.value.hint


def test_an_export_writes_what_was_committed_and_touches_nothing_of_the_users(repo, tmp_path):
    (repo / "a.txt").write_text("changed")
    (repo / "staged.txt").write_text("staged")
    git(repo, "add", "staged.txt")
    before = state(repo)
    revision = open_repository(repo).export(None, tmp_path / "out")
    assert before == state(repo)
    assert ("main", False) == (revision.branch, revision.dirty)
    assert ["a.txt", "services/api/run.sh"] == names(tmp_path / "out")
    assert "1" == (tmp_path / "out" / "a.txt").read_text()
    assert not (tmp_path / "out" / ".git").exists()


def test_an_export_keeps_executable_bits_links_and_odd_names(repo, tmp_path):
    (repo / "services/api/run.sh").chmod(0o755)
    (repo / "link").symlink_to("services/api")
    (repo / "ä \n\t'\"").write_text("odd")
    commit(repo, {})
    out = tmp_path / "out"
    open_repository(repo).export("main", out)
    assert 0o100755 == (out / "services/api/run.sh").stat().st_mode
    assert "services/api" == str((out / "link").readlink())
    assert "odd" == (out / "ä \n\t'\"").read_text()


def test_an_export_ignores_attributes_that_only_concern_archives(repo, tmp_path):
    commit(repo, {".gitattributes": "a.txt export-ignore\nv.txt export-subst\n", "v.txt": "$Id$"})
    open_repository(repo).export(None, tmp_path / "out")
    assert "a.txt" in names(tmp_path / "out")


def test_an_export_does_not_mind_sparse_checkouts(repo, tmp_path):
    git(repo, "sparse-checkout", "set", "services")
    open_repository(repo).export(None, tmp_path / "out")
    assert ["a.txt", "services/api/run.sh"] == names(tmp_path / "out")


def test_a_version_is_described_without_being_fetched(repo):
    first = git(repo, "rev-parse", "HEAD")
    commit(repo, {"b": "2"}, "second")
    described = open_repository(repo).revision(first)
    assert (first, "") == (described.id, described.branch)
    assert "second" == open_repository(repo).revision(None).message


def test_only_a_ref_gives_a_version_its_branch(repo):
    commit(repo, {"b": "2"}, "second")
    git(repo, "update-ref", "refs/remotes/origin/dev", "HEAD")
    found = open_repository(repo)
    asked = ("main", "main~1", "origin/dev", "refs/heads/main", "refs/remotes/origin/dev", "dev")
    assert ["main", "", "dev", "main", "dev", "dev"] == [found.revision(a).branch for a in asked]


def test_a_tag_may_be_named_in_full_where_a_branch_is_called_like_it(repo):
    git(repo, "tag", "both")
    git(repo, "branch", "both")
    found = open_repository(repo)
    asked = ("both", "refs/tags/both", "refs/heads/both", "main")
    assert [False, True, False, False] == [found.is_tag(name) for name in asked]


def test_git_says_which_files_are_executable_whatever_the_disk_says(repo):
    (repo / "sub").mkdir(exist_ok=True)
    for name, mode in (("run", 0o755), ("text", 0o644)):
        (repo / "sub" / name).write_text(name)
        (repo / "sub" / name).chmod(mode)
    git(repo, "add", "sub")
    (repo / "sub" / "text").chmod(0o755)
    found = open_repository(repo / "sub").executables()
    assert (True, False) == (found["run"], found["text"])


def test_an_export_of_a_directory_holds_only_that(repo, tmp_path):
    open_repository(repo / "services").export(None, tmp_path / "out")
    assert ["api/run.sh"] == names(tmp_path / "out")


def test_an_export_of_an_older_commit_or_tag_is_that_one(repo, tmp_path):
    git(repo, "tag", "v1")
    commit(repo, {"a.txt": "2"})
    revision = open_repository(repo).export("v1", tmp_path / "out")
    assert ("v1", "", "1") == (
        revision.tag,
        revision.branch,
        (tmp_path / "out" / "a.txt").read_text(),
    )


def test_a_directory_that_was_never_committed_is_named(repo, tmp_path):
    (repo / "new").mkdir()
    with pytest.raises(UsageError, match="'new' is not in commit"):
        open_repository(repo / "new").export(None, tmp_path / "out")


def test_a_repository_whose_objects_are_damaged_leaves_nothing_half_written(repo, tmp_path):
    blob = git(repo, "rev-parse", "HEAD:a.txt")
    path = repo / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    with pytest.raises(Unavailable, match="git cannot go on in"):
        open_repository(repo).export(None, tmp_path / "out")
    assert [] == list((tmp_path / "out").iterdir())


def test_no_hook_and_no_monitor_of_the_repository_is_run(repo, tmp_path):
    marker = tmp_path / "ran"
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit"):
        hook = repo / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
        hook.chmod(0o755)
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
    monitor.chmod(0o755)
    git(repo, "config", "core.fsmonitor", str(monitor))
    found = open_repository(repo)
    found.describe()
    working_files(found)
    found.export(None, tmp_path / "out")
    found.clone(None, tmp_path / "clone")
    assert not marker.exists()


def test_variables_of_a_hook_we_are_called_from_do_not_lead_elsewhere(repo, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "other")
    commit(other, {"other.txt": ""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    found = open_repository(repo)
    assert "main" == found.describe().branch
    found.clone(None, tmp_path / "clone")
    assert ["a.txt", "services/api/run.sh"] == names(tmp_path / "clone")


def test_a_clone_is_detached_with_the_whole_history_and_the_same_origin(repo, tmp_path):
    git(repo, "remote", "add", "origin", "https://ada:secret@example.com/shop.git")
    first = git(repo, "rev-parse", "HEAD")
    commit(repo, {"a.txt": "2"})
    git(repo, "checkout", "-q", "--detach")
    third = commit(repo, {"a.txt": "3"})
    git(repo, "checkout", "-q", "main")
    before = state(repo)
    revision = open_repository(repo).clone(third, tmp_path / "clone")
    clone = tmp_path / "clone"
    assert before == state(repo)
    assert third == revision.id == git(clone, "rev-parse", "HEAD")
    assert first == git(clone, "rev-list", "--max-parents=0", "HEAD")
    assert "https://example.com/shop.git" == git(clone, "remote", "get-url", "origin")
    assert "" == git(clone, "status", "--porcelain")
    assert "3" == (clone / "a.txt").read_text()


def test_a_clone_shares_no_file_with_the_original(repo, tmp_path):
    open_repository(repo).clone(None, tmp_path / "clone")
    objects = tmp_path / "clone" / ".git" / "objects"
    assert {1} == {p.stat().st_nlink for p in objects.rglob("*") if p.is_file()}


def test_a_snapshot_lists_tracked_and_untracked_but_not_ignored_or_deleted_files(repo):
    commit(repo, {".gitignore": "*.log\nbuild/\n", "gone.txt": ""})
    (repo / "gone.txt").unlink()
    (repo / "new ü.txt").write_text("")
    (repo / "x.log").write_text("")
    (repo / "build").mkdir()
    (repo / "build" / "x").write_text("")
    (repo / "dangling").symlink_to("nowhere")
    expected = (".gitignore", "a.txt", "dangling", "new ü.txt", "services/api/run.sh")
    assert expected == working_files(open_repository(repo))
    assert ("api/run.sh",) == working_files(open_repository(repo / "services"))


def test_a_snapshot_holds_the_files_of_nested_repositories_and_submodules(repo, tmp_path):
    nested = repo / "nested"
    nested.mkdir()
    git(nested, "init", "-q")
    commit(nested, {"n.txt": ""})
    (nested / "untracked.txt").write_text("")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "-q", "add", str(nested), "sub")
    listed = working_files(open_repository(repo))
    assert ("nested/n.txt", "nested/untracked.txt", "services/api/run.sh", "sub/n.txt") == tuple(
        name for name in listed if "/" in name
    )


@pytest.mark.parametrize(
    "said",
    [
        "fatal: write failed: No space left on device\n",
        "error: unable to write file a\nfatal: unable to checkout working tree\n",
    ],
)
def test_a_full_disk_is_said_to_be_full(tmp_path, said):
    assert f"git found no room to write in {tmp_path}" == refusal(tmp_path, said).message


def test_a_refusal_shows_no_password(tmp_path):
    said = "fatal: unable to access 'https://ada:secret@example.com/x/': no route"
    assert "secret" not in refusal(tmp_path, said).message
