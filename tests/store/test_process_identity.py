import os
import subprocess
import sys

import pytest

from cicd.store import process_identity
from cicd.store.process_identity import is_alive, own_identity


def test_living_and_dead_are_told_apart_and_strangers_are_unknown():
    host, pid, started = own_identity().rsplit(":", 2)
    assert str(os.getpid()) == pid
    assert True is is_alive(own_identity())
    assert False is is_alive(f"{host}:4194305:{started}")
    assert False is is_alive(f"{host}:{pid}:another start")
    assert None is is_alive(f"elsewhere:1:{started}")
    assert None is is_alive("nonsense")


def test_another_process_has_another_identity_that_dies_with_it():
    program = (
        "import sys; from cicd.store.process_identity import own_identity;"
        "print(own_identity(), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    identity = process.stdout.readline().rstrip("\n")
    assert identity != own_identity()
    assert True is is_alive(identity)
    process.communicate("")
    assert False is is_alive(identity)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("S+   Fri Jan  2 03:04:05 2026", "Fri-Jan-2-03.04.05-2026"),
        ("Z    Fri Jan  2 03:04:05 2026", None),
        ("", None),
    ],
)
def test_where_there_is_no_proc_the_start_is_asked_of_ps(tmp_path, monkeypatch, said, expected):
    (tmp_path / "ps").write_text(f"#!/bin/sh\necho '{said}'\n")
    (tmp_path / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert expected == process_identity._asked_of_ps(1)


def test_without_ps_nothing_is_known(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert None is process_identity._asked_of_ps(1)
