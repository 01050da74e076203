from __future__ import annotations

import os
import signal
import threading

import pytest

from cicd.engine.interrupt import interrupts
from cicd.errors import ExitCode
from cicd.ports import CancelToken


class Asked:
    """A run that can be interrupted; each request is waited for."""

    def __init__(self):
        self.token = CancelToken()
        self.heard = threading.Semaphore(0)
        self.left = threading.Event()
        self.token.on_cancel(self.heard.release)

    def inside(self):
        return interrupts(self.token, leave=self.left.set)


def send(number):
    os.kill(os.getpid(), number)


def test_the_first_asks():
    run = Asked()
    with run.inside() as asked:
        assert (0, None) == (asked.count, asked.exit_code)
        send(signal.SIGINT)
        assert run.heard.acquire(timeout=10)
        assert ("STOPPED", 1, ExitCode.INTERRUPTED) == (
            run.token.reason,
            asked.count,
            asked.exit_code,
        )
        assert not run.left.is_set()


def test_the_second_insists_and_the_third_leaves():
    run = Asked()
    with run.inside() as asked:
        send(signal.SIGINT)
        assert run.heard.acquire(timeout=10)
        send(signal.SIGINT)
        assert run.heard.acquire(timeout=10)
        assert "KILLED" == run.token.reason
        assert not run.left.is_set()
        send(signal.SIGINT)
        assert run.left.wait(10)
        assert (3, ExitCode.INTERRUPTED) == (asked.count, asked.exit_code)


def test_terminate_counts_as_the_first_and_never_as_more():
    run = Asked()
    with run.inside() as asked:
        send(signal.SIGTERM)
        assert run.heard.acquire(timeout=10)
        assert ("STOPPED", ExitCode.TERMINATED) == (run.token.reason, asked.exit_code)
        send(signal.SIGTERM)
    assert (1, "STOPPED") == (asked.count, run.token.reason)


def test_a_terminated_run_can_still_be_insisted_upon():
    run = Asked()
    with run.inside() as asked:
        send(signal.SIGTERM)
        assert run.heard.acquire(timeout=10)
        send(signal.SIGINT)
        assert run.heard.acquire(timeout=10)
    assert ("KILLED", ExitCode.TERMINATED) == (run.token.reason, asked.exit_code)


def test_handlers_are_set_back_also_after_an_exception():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), Asked().inside():
        raise ZeroDivisionError
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_a_request_while_the_token_is_locked_does_not_deadlock():
    run = Asked()
    with run.inside():
        with run.token._lock:
            send(signal.SIGINT)
        assert run.heard.acquire(timeout=10)
    assert "STOPPED" == run.token.reason
