"""The shell halves, with less on PATH than any image has."""

import os
import shutil
import subprocess

import pytest

from cicd.backends.runner_host import HostRunner
from cicd.backends.session_errands import ERRANDS
from cicd.ports import Environment, Exit
from cicd.testing.contracts_runner import run

MINIMAL = ("cat", "sleep", "id", "chmod", "mkdir", "cp", "stat", "readlink")


@pytest.fixture
def tools(tmp_path):
    """A directory with these tools and a shell, and nothing else."""

    def make(*names, shell="sh"):
        path = tmp_path / "tools"
        path.mkdir()
        for name in (*MINIMAL, *names):
            (path / name).symlink_to(shutil.which(name))
        (path / "sh").symlink_to(shutil.which(shell))
        return str(path)

    return make


def test_without_setsid_the_shell_makes_the_group(tools, tmp_path):
    environment = Environment(variables={"PATH": tools(shell="bash")})
    session = HostRunner(tmp_path).open("lead", environment, stream="s")
    try:
        assert (Exit(status=7), b"a\nb\n") == run(session, "echo a; echo b >&2; exit 7")
        assert Exit(status=137) == run(session, "kill -9 $$")[0]
        expected = (Exit(status=143, cancelled="STOPPED"), b"ready\n")
        assert expected == run(session, "echo ready; sleep 60; echo no", cancel_at=b"ready")
        assert Exit(status=130) == run(session, "kill -2 $$; sleep 60")[0]
    finally:
        session.close()


def test_the_list_is_the_same_whatever_there_is_to_make_it(tools, tmp_path):
    tree = tmp_path / "tree"
    for name in ("a b/c/-n", "a b/new\nline", ".hidden/x", "..odd", "plain", "*"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    (tree / "plain").chmod(0o750)
    (tree / "link").symlink_to("a b")
    (tree / "broken").symlink_to("nowhere")
    (tree / "self").symlink_to("self")
    (tree / "empty").mkdir()
    path = tools()

    def listed(path):
        words = ("sh", str(ERRANDS), "list", str(tree))
        done = subprocess.run(words, env={"PATH": path}, capture_output=True, check=True)
        fields = done.stdout.split(b"\0")[:-1]
        # What a link leads to matters where it is nothing.
        leads = (b"N" if each in b"NL" else b"f" for each in fields[2::3])
        return sorted(zip(fields[::3], fields[1::3], leads, strict=True))

    without_find = listed(path)
    assert 9 == len(without_find)
    assert (b"777 3 link", b"a b", b"f") in without_find
    assert (b"777 4 self", b"self", b"N") in without_find
    assert (b"750 5 plain", b"", b"f") in without_find
    assert listed(os.environ["PATH"]) == without_find


@pytest.mark.parametrize(
    ("said", "status"), [("No such file or directory", 0), ("Permission denied", 1)]
)
def test_a_directory_that_goes_while_it_is_looked_through_is_not_there(tmp_path, said, status):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "kept").write_text("a")
    find = tmp_path / "find"  # as it is when a directory goes between two looks at it
    find.write_text(
        f'#!/bin/sh\n{shutil.which("find")} "$@"\n'
        f'case "$*" in *type*) echo "find: \'./gone\': {said}" >&2; exit 1 ;; esac\n'
    )
    find.chmod(0o755)
    done = subprocess.run(
        ("sh", str(ERRANDS), "list", str(tmp_path / "tree")),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert (status, b"644 1 kept\0\0f\0") == (done.returncode, done.stdout)
    assert (said in done.stderr.decode()) == bool(status)


def test_only_a_directory_is_listed(tmp_path):
    done = subprocess.run(["sh", str(ERRANDS), "list", str(tmp_path / "no")], check=False)
    assert 3 == done.returncode
