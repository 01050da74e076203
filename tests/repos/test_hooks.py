"""The pre-push hook: put in beside whatever is there, and taken out without a trace."""

import pytest

from cicd.errors import UsageError
from cicd.repos.find import open_repository
from cicd.repos.hooks import BEFORE, hook_place, install_hook, uninstall_hook
from tests.cli.checks.pushing import ENVIRONMENT, cicd, commit, git, make, run

OTHER = "#!/bin/sh\necho other says $1 $(cat)\nexit ${OTHER:-0}\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    repository = make(tmp_path, "a 'b'\n\"c\"")
    commit(repository, {"a": ""})
    return repository


def hook(directory, text=OTHER):
    path = directory / "pre-push"
    directory.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_hook_that_is_put_in_twice_is_taken_out_once(here):
    repository = open_repository(here)
    before = sorted((here / ".git" / "hooks").iterdir())
    for _ in range(2):
        place = install_hook(repository)
        assert (True, True, False) == (place.installed, place.current, place.chained)
    for _ in range(2):
        assert not uninstall_hook(repository).installed
    assert before == sorted((here / ".git" / "hooks").iterdir())


def test_a_hook_that_was_there_runs_first_has_the_last_word_and_comes_back(here):
    path = hook(here / ".git" / "hooks")
    assert hook_place(open_repository(here)).foreign
    cicd(here, "hooks", "install")
    cicd(here, "hooks", "install")
    head = git(here, "rev-parse", "HEAD")
    said = git(here, "push", "origin", "main")
    heard = f"other says origin refs/heads/main {head} refs/heads/main {'0' * 40}"
    assert heard in said
    assert said.index(heard) < said.index(f"{head[:12]} to branch main")
    status, said = run(here, "git", "push", "origin", "main:two", OTHER="3")
    assert (1, False) == (status, "to branch two" in said)
    cicd(here, "hooks", "uninstall")
    assert OTHER == path.read_text()
    assert not (path.parent / BEFORE).exists()


def test_a_hook_that_somebody_put_over_ours_stays(here):
    repository = open_repository(here)
    hook(here / ".git" / "hooks")
    install_hook(repository)
    path = hook(here / ".git" / "hooks", OTHER + "# newer\n")
    with pytest.raises(UsageError, match="is in its way"):
        install_hook(repository)
    with pytest.raises(UsageError, match="stays as it is"):
        uninstall_hook(repository)
    assert path.read_text().endswith("# newer\n")


def test_core_hooks_path_is_where_git_looks(here):
    git(here, "config", "core.hooksPath", ".githooks")
    place = install_hook(open_repository(here))
    assert here / ".githooks" / "pre-push" == place.path
    assert "to branch main" in git(here, "push", "origin", "main")


def test_a_directory_that_husky_writes_anew_is_told_with_what_lasts(here):
    git(here, "config", "core.hooksPath", ".husky/_")
    status, said = cicd(here, "hooks", "install")
    assert 0 == status
    assert 'in .husky/pre-push: cicd check --stdin --remote "$1"' in said


def test_hooks_of_all_repositories_are_asked_for_by_name(here, tmp_path, monkeypatch):
    everywhere = tmp_path / "everywhere"
    configuration = tmp_path / "gitconfig"
    configuration.write_text(f"[core]\n\thooksPath = {everywhere}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    repository = open_repository(here)
    with pytest.raises(UsageError, match="serves other repositories"):
        install_hook(repository)
    assert everywhere / "pre-push" == install_hook(repository, shared=True).path


def test_a_worktree_and_a_submodule_have_the_hook_where_git_looks(here, tmp_path):
    tree = tmp_path / "tree"
    git(here, "worktree", "add", "-q", "-b", "door", str(tree))
    inner = make(tmp_path / "in", "inner") if (tmp_path / "in").mkdir() is None else None
    commit(inner, {"b": ""})
    git(here, "submodule", "--quiet", "add", str(inner), "module")
    for directory, branch in ((tree, "door"), (here / "module", "main")):
        assert 0 == cicd(directory, "hooks", "install")[0]
        status, said = cicd(directory, "hooks", "status")
        assert (0, True) == (status, "every git push runs" in said)
        said = git(directory, "push", "origin", f"{branch}:pushed")
        assert "to branch pushed" in said


def test_a_bare_repository_pushes_through_the_hook(here, tmp_path):
    git(here, "push", "-q", "origin", "main")
    bare = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "third.git")
    assert 0 == cicd(bare, "hooks", "install")[0]
    assert "to branch main" in git(bare, "push", "../third.git", "main")


def test_a_working_tree_far_from_its_repository_pushes(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    git(tmp_path, "init", "-q", "--bare", "dot.git")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    dots = ("--git-dir", str(tmp_path / "dot.git"), "--work-tree", str(home))
    (home / "rc").touch()
    git(home, *dots, "add", "rc")
    git(home, *dots, "commit", "-qm", "one")
    assert 0 == cicd(tmp_path / "dot.git", "hooks", "install")[0]
    said = git(home, *dots, "push", str(tmp_path / "remote.git"), "HEAD:refs/heads/main")
    assert "to branch main" in said
