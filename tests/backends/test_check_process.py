"""One check as a process: its output whole, its status a shell's, nothing left of it."""

import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cicd.backends import check_process
from cicd.backends.check_process import run_process
from cicd.ports import CancelToken


@pytest.fixture
def ran(tmp_path):
    """Run a line of shell; gives how it ended and the bytes that it said."""

    def run(line, *, timeout=None, cancel=None, command=("/bin/sh", "-c")):
        ended = run_process(
            [*command, line],
            directory=tmp_path,
            variables={"PATH": os.environ["PATH"], "SAID": "yes"},
            timeout=timeout,
            output=tmp_path / "output",
            cancel=cancel or CancelToken(),
        )
        return ended, (tmp_path / "output").read_bytes()

    return run


def waited_for(path):
    until = time.monotonic() + 30
    while not path.exists() or not path.read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.01)
    return int(path.read_text())


def has_ended(pid):
    """Tell whether a process is gone, or waits to be buried by whoever has inherited it."""
    status = Path("/proc", str(pid), "stat")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if ") Z " in status.read_text():
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_both_outputs_are_one_file_byte_for_byte_and_variables_are_those_given(ran, tmp_path):
    line = "printf 'a\\377\\000\\r'; printf '\\033[31mb' >&2; echo $SAID $HOME; pwd; cat"
    ended, said = ran(line)
    assert (0, False) == (ended.status, ended.timed_out)
    assert b"a\xff\0\r\x1b[31mbyes\n" + os.fsencode(tmp_path) + b"\n" == said


@pytest.mark.parametrize(
    ("line", "status"), [("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
def test_a_status_is_as_a_shell_gives_it(ran, line, status):
    assert status == ran(line)[0].status


def test_what_is_not_there_says_so(ran):
    ended, said = ran("x", command=("/nowhere/program",))
    assert (127, b"/nowhere/program: No such file or directory\n") == (ended.status, said)


def test_what_it_left_running_ends_with_it(ran, tmp_path):
    ended, _ = ran("sleep 600 & echo $! > left")
    assert 0 == ended.status
    assert has_ended(int((tmp_path / "left").read_text()))


def test_one_that_takes_too_long_is_asked_to_end(ran):
    begin = time.monotonic()
    line = "trap 'echo asked; exit 5' TERM; sleep 600 & wait"
    ended, said = ran(line, timeout=timedelta(seconds=0.3))
    assert (5, True, b"asked\n") == (ended.status, ended.timed_out, said)
    assert time.monotonic() - begin < check_process.GRACE


def test_one_that_does_not_listen_is_killed(ran, monkeypatch):
    monkeypatch.setattr(check_process, "GRACE", 0.1)
    line = "trap '' TERM; sleep 600 & wait; wait"
    ended, _ = ran(line, timeout=timedelta(seconds=0.2))
    assert (128 + signal.SIGKILL, True) == (ended.status, ended.timed_out)


@pytest.mark.parametrize(("reason", "status"), [("STOPPED", 143), ("KILLED", 137)])
def test_a_cancel_ends_it_with_all_that_it_began(ran, tmp_path, reason, status):
    cancel = CancelToken()
    ended = []
    line = "sleep 600 & echo $! > left; exec sleep 600"
    thread = threading.Thread(target=lambda: ended.append(ran(line, cancel=cancel)[0]))
    thread.start()
    left = waited_for(tmp_path / "left")
    cancel.cancel(reason)
    thread.join(timeout=60)
    assert [(status, False)] == [(each.status, each.timed_out) for each in ended]
    assert has_ended(left)


def test_one_that_was_cancelled_before_it_began_ends_at_once(ran):
    cancel = CancelToken()
    cancel.cancel("STOPPED")
    begin = time.monotonic()
    assert 0 != ran("exec sleep 600", cancel=cancel)[0].status
    assert time.monotonic() - begin < 60


def test_a_cancel_after_the_end_reaches_nobody(ran, monkeypatch):
    signalled = []
    monkeypatch.setattr(check_process, "_signal", lambda *each: signalled.append(each))
    cancel = CancelToken()
    assert 0 == ran("true", cancel=cancel)[0].status
    last = len(signalled)
    cancel.cancel("STOPPED")
    assert (1, 1) == (last, len(signalled))
