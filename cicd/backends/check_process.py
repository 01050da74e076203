"""One check as a process: its output in a file, its end awaited, its whole group ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from cicd.ports import CancelToken

GRACE: Final = 10.0  # seconds between asking for the end, and killing
_NOT_FOUND: Final = 127  # what a shell says, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended; of a signal's, the status is 128 and its number."""

    status: int
    timed_out: bool = False


def run_process(
    command: Sequence[str],
    *,
    directory: Path,
    variables: Mapping[str, str],
    timeout: timedelta | None,
    output: Path,
    cancel: CancelToken,
) -> Ended:
    """
    Run a program to its end, in a process group of its own, without standard input.

    Both its outputs go to the file ``output``. When it has ended, or is cancelled, or time is
    over, so has all that it began and left in its group.
    """
    late = threading.Event()
    with output.open("wb") as file:
        try:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as reason:
            file.write(f"{command[0]}: {reason.strerror}\n".encode())
            return Ended(status=_NOT_FOUND)
    timers: list[threading.Timer] = []
    over = threading.Event()
    turn = threading.Lock()

    def tell(number: signal.Signals) -> None:
        with turn:
            if not over.is_set():
                _signal(process.pid, number)

    def end() -> None:
        tell(signal.SIGKILL if cancel.reason == "KILLED" else signal.SIGTERM)
        timers.append(_timer(GRACE, lambda: tell(signal.SIGKILL)))

    def expire() -> None:
        late.set()
        end()

    if timeout is not None:
        timers.append(_timer(timeout.total_seconds(), expire))
    cancel.on_cancel(end)
    # Not reaped before the last signal: until then nobody else has its number. Whoever cancels
    # later means others.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with turn:
        _signal(process.pid, signal.SIGKILL)
        over.set()
    for timer in timers:
        timer.cancel()
    status = process.wait()
    return Ended(status=status if status >= 0 else 128 - status, timed_out=late.is_set())


def _timer(seconds: float, act: object) -> threading.Timer:
    assert callable(act), "a timer does something"
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
