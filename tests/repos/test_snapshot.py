"""A snapshot: some files or all of a commit, and nothing left of it at the end."""

import fcntl
import os
import time

import pytest

from cicd.errors import Unavailable
from cicd.repos import snapshot as module
from cicd.repos.find import open_repository
from cicd.repos.snapshot import snapshot
from tests.cli.checks.pushing import ENVIRONMENT, commit, git, make


@pytest.fixture
def here(tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    repository = make(tmp_path)
    commit(repository, {"a": "1", "b/c d": "2", "b/\n": "3"})
    return repository


def made(here, tmp_path):
    head = git(here, "rev-parse", "HEAD")
    return snapshot(open_repository(here), head, "refs/heads/main", tmp_path / "checks")


def files(root):
    return sorted(
        str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and ".git" not in p.parts
    )


def test_some_files_come_first_and_then_all(here, tmp_path):
    with made(here, tmp_path) as snap:
        assert [] == files(snap.root)
        snap.check_out_some(["b/\n"])
        assert ["b/\n"] == files(snap.root)
        snap.check_out_some(["b/c d"])
        assert ["b/\n", "b/c d"] == files(snap.root)
        (snap.root / "b" / "c d").write_text("a check was here")
        (snap.root / "a").write_text("in the way")
        snap.check_out()
        assert ["1", "2", "3"] == [
            (snap.root / name).read_text() for name in ("a", "b/c d", "b/\n")
        ]
        assert "" == git(snap.root, "status", "--porcelain")
        snap.check_out_some(["a"])
    assert [] == list((tmp_path / "checks").iterdir())


def test_a_place_that_is_not_to_be_had_is_not_called_full(here, tmp_path):
    (tmp_path / "checks").write_text("in the way")
    with pytest.raises(Unavailable) as caught, made(here, tmp_path):
        pass
    assert "make it writable for you, or use another home with --home" == caught.value.hint


def test_a_check_may_leave_what_nobody_can_write_to(here, tmp_path):
    with made(here, tmp_path) as snap:
        snap.check_out()
        (snap.root / "b").chmod(0o500)
        (snap.root / "made").mkdir(mode=0o000)
    assert [] == list((tmp_path / "checks").iterdir())


def test_what_takes_long_to_remove_is_removed_later_and_by_nobody_else(
    here, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_FEW", 1)
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    with made(here, tmp_path) as snap:
        snap.check_out()
        place = snap.root.parent
        for number in range(300):
            (snap.root / str(number)).touch()
    until = time.monotonic() + 60
    while place.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_a_killed_check_left_goes_with_the_next_and_what_runs_stays(here, tmp_path):
    checks = tmp_path / "checks"
    for name in ("push-dead", "push-alive"):
        (checks / name / "tree").mkdir(parents=True)
    lock = os.open(checks / "push-alive", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with made(here, tmp_path):
            assert not (checks / "push-dead").exists()
    finally:
        os.close(lock)
    assert [checks / "push-alive"] == list(checks.iterdir())
