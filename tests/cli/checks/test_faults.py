"""What can go wrong before a push: killed at any moment, interrupted, odd repositories."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from cicd.check.pushed import PushedRef
from cicd.cli.checks.pushes import look_at, repository_here
from tests.cli.checks.pushing import CICD, cicd, commit, environment, git, make, run

MOMENTS = 20
LOOK = "check:\n  lint: no\n  commands: [{name: look, run: 'test -e said'}]\n"


@pytest.fixture
def here(tmp_path):
    repository = make(tmp_path)
    commit(repository, {"cicd.yml": LOOK, "said": "one\n"})
    return repository


def fingerprint(directory):
    """Every byte, mode and time of a repository: work tree, index, stash and refs."""
    found = {}
    for place, folders, files in os.walk(directory):
        if ".cicd" in folders:
            folders.remove(".cicd")
        for name in files:
            path = Path(place, name)
            status = path.lstat()
            content = sha256(path.read_bytes()).hexdigest()
            found[path] = (content, status.st_mode, status.st_mtime_ns)
    return found


def made_dirty(here):
    """Leave work of every kind lying about: staged, not staged, not tracked, stashed."""
    commit(
        here, {"staged": "1", "changed": "1", "cicd.yml": LOOK.replace("test -e", "sleep 2; :")}
    )
    (here / "changed").write_text("stashed")
    git(here, "stash")
    (here / "staged").write_text("2")
    git(here, "add", "staged")
    (here / "changed").write_text("2")
    (here / "new").write_text("3")


def test_nothing_is_lost_when_a_push_is_killed_at_any_moment(here, tmp_path):
    made_dirty(here)
    cicd(here, "hooks", "install")
    before = fingerprint(here)
    for moment in range(MOMENTS):
        push = subprocess.Popen(
            ["git", "push", "origin", "main"],
            cwd=here,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(0.04 * moment)
        os.killpg(push.pid, signal.SIGKILL)
        push.wait()
        assert before == fingerprint(here), moment
    assert "" == git(tmp_path / "remote.git", "for-each-ref")
    cicd(here, "check", CICD_SKIP="all")
    assert [] == list((here / ".cicd" / "checks").iterdir())


def test_an_interrupted_check_ends_what_runs_and_takes_its_snapshot_away(here, tmp_path):
    mark = tmp_path / "begun"
    text = f"check:\n  commands: [{{name: long, run: 'touch {mark}; exec sleep 60'}}]\n"
    commit(here, {"cicd.yml": text})
    before = fingerprint(here)
    check = subprocess.Popen(
        [CICD, "check"], cwd=here, env=environment(), stdout=subprocess.DEVNULL
    )
    while not mark.exists():
        assert check.poll() is None
        time.sleep(0.02)
    begin = time.monotonic()
    check.send_signal(signal.SIGINT)
    assert 130 == check.wait()
    assert time.monotonic() - begin < 20
    assert [] == list((here / ".cicd" / "checks").iterdir())
    assert before == fingerprint(here)


def test_pushes_at_once_do_not_meet(here):
    cicd(here, "hooks", "install")
    with ThreadPoolExecutor(3) as pool:
        words = [("git", "push", "origin", f"main:b{n}") for n in range(3)]
        done = list(pool.map(lambda each: run(here, *each, CICD_NO_RECEIPT="1"), words))
    assert [0, 0, 0] == [status for status, _ in done], done
    assert [] == list((here / ".cicd" / "checks").iterdir())


def test_links_modes_odd_names_pointers_and_submodules_are_as_git_has_them(here, tmp_path):
    odd = "a 'b'\n\"ü\""
    (tmp_path / "in").mkdir()
    inner = make(tmp_path / "in", "inner")
    commit(inner, {"b": ""})
    git(here, "submodule", "--quiet", "add", str(inner), "module")
    (here / "link").symlink_to("../outside")
    (here / "tool").write_text("#!/bin/sh\n")
    (here / "tool").chmod(0o755)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
    (here / ".gitattributes").write_text("*.bin filter=lfs\n")
    git(here, "config", "filter.lfs.clean", "cat")
    git(here, "config", "filter.lfs.smudge", "no-such-program")
    git(here, "config", "filter.lfs.required", "true")
    look = (
        'test -L link && test -x tool && test "$(cat big.bin | head -n 1)" = '
        '"version https://git-lfs.github.com/spec/v1" && ls a*'
        " && test -d module && test ! -e module/b && git status --porcelain | wc -l | grep -x 0"
    )
    text = f"check:\n  commands:\n    - name: look\n      run: |\n        {look}\n"
    commit(here, {odd: "", "big.bin": pointer, "cicd.yml": text})
    status, said = cicd(here, "check")
    assert 0 == status, said


def test_a_detached_head_is_checked_without_a_branch(here):
    git(here, "checkout", "-q", "--detach")
    status, said = cicd(here, "check")
    assert (0, True) == (status, "to HEAD" in said)


def test_without_a_commit_there_is_nothing_to_check(tmp_path):
    git(tmp_path, "init", "-q", "empty")
    status, said = cicd(tmp_path / "empty", "check")
    assert (0, True) == (status, "there is no commit to push" in said)
    assert 2 == cicd(tmp_path, "check")[0]


def test_a_shallow_clone_and_a_bare_repository_are_checked(here, tmp_path):
    commit(here, {"more": ""})
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{here}", "shallow")
    git(tmp_path, "clone", "-q", "--bare", str(here), "bare.git")
    for name in ("shallow", "bare.git"):
        status, said = cicd(tmp_path / name, "check")
        assert (0, True) == (status, "ok  command look" in said), said


def test_a_commit_that_only_the_remote_has_is_no_hindrance(here, tmp_path):
    git(here, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "remote.git", "other")
    commit(tmp_path / "other", {"theirs": ""})
    git(tmp_path / "other", "push", "-q", "origin", "main")
    commit(here, {"ours": ""})
    cicd(here, "hooks", "install")
    said = git(here, "push", "--force", "origin", "main")
    assert "ok  command look" in said


@pytest.mark.parametrize(("before", "files"), [("f" * 40, ("ours",)), ("", None)])
def test_what_replaces_an_unknown_commit_is_no_new_branch_to_a_pipeline(
    here, monkeypatch, before, files
):
    git(here, "push", "-q", "origin", "main")
    git(here, "remote", "set-head", "origin", "main")
    commit(here, {"ours": ""})
    monkeypatch.chdir(here)
    head = git(here, "rev-parse", "HEAD").strip()
    refs = (PushedRef(local="HEAD", id=head, ref="refs/heads/main", before=before),)
    (((_, (push,)),), _) = look_at(repository_here(), refs, "origin")
    assert files == push.git_event().files
