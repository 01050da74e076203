"""One hook script as a process: two outputs, one timeout, and the rule about closing them."""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, Protocol

from cicd.engine.output import LineWriter
from cicd.engine.redaction import Redactor
from cicd.ports import HookExit, HookFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from cicd.ports import CancelToken

_PATIENCE: Final = 0.1  # seconds between two looks whether reading should end
GRACE: Final = 10.0  # seconds between asking a cancelled script to end, and killing it
_LAST: Final = 5.0  # seconds after which one that was killed and does not end is left alone


class Output(Protocol):
    """What a script writes, as it can be read."""

    def fileno(self) -> int:
        """Give its descriptor."""

    def close(self) -> None:
        """Read no more."""


class RunningScript(Protocol):
    """A script that has been started as the leader of a process group."""

    @property
    def stdout(self) -> Output:
        """One of its two outputs."""

    @property
    def stderr(self) -> Output:
        """The other one."""

    def wait(self) -> int:
        """Wait for its end and give its status; of a signal's, the negative number."""

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its group."""


class _OwnProcess:
    """A process of ours; bubblewrap may stand between it and us."""

    def __init__(self, process: subprocess.Popen[bytes], group: int) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.stdout: Output = process.stdout
        self.stderr: Output = process.stderr
        self.wait = process.wait
        self._group = group

    def signal(self, number: signal.Signals) -> None:
        signal_group(self._group, number)


def run(
    world: Sequence[str],
    command: Sequence[str],
    *,
    variables: Mapping[str, str],
    timeout: timedelta,
    output: Callable[[str, str], None],
    cancel: CancelToken,
) -> HookExit:
    """
    Run a command to its end.

    At the timeout its process group gets one SIGTERM, and then we wait for ever.
    A child that keeps an output open is waited for until the timeout, too, and then left alone.

    Args:
        world: The beginning of a command line that gives it another root; () for none.
        command: The program and its arguments.
        variables: Its whole environment.
        timeout: For the script and its outputs together.
        output: Gets ("stdout" | "stderr", line), from two threads.
        cancel: SIGTERM to the group, SIGKILL after ``GRACE`` or for the reason "KILLED".

    Source: the agent's behaviour, "Hook execution" and its table of timeout corners.
    """
    # The script's processes outlive us and its timeout is real: no clock of ours measures it.
    deadline = time.monotonic() + timeout.total_seconds()
    try:
        script = _start(world, command, variables)
    except OSError as reason:
        name = {2: "ENOENT", 8: "ENOEXEC", 13: "EACCES"}.get(reason.errno or 0, "EIO")
        return HookExit(
            failure=HookFailure.CANNOT_EXECUTE,
            message=f"Errno::{name} with message {reason.strerror} - {command[0]}",
        )
    return follow(script, deadline=deadline, output=output, cancel=cancel)


def follow(
    script: RunningScript,
    *,
    deadline: float,
    output: Callable[[str, str], None],
    cancel: CancelToken,
) -> HookExit:
    """Follow a script that has been started to its end; as ``run``, the deadline monotonic."""
    give_up = threading.Event()
    readers = [
        _reader(stream, name, output, give_up)
        for name, stream in (("stdout", script.stdout), ("stderr", script.stderr))
    ]
    ended = threading.Event()
    asked: list[float] = []  # when it was cancelled
    statuses: list[int] = []

    def watch() -> None:
        statuses.append(script.wait())
        ended.set()

    def stop() -> None:
        asked.append(time.monotonic())
        script.signal(signal.SIGKILL if cancel.reason == "KILLED" else signal.SIGTERM)
        give_up.set()

    threading.Thread(target=watch, name="hook", daemon=True).start()
    cancel.on_cancel(stop)
    timed_out = not _await_end(script, ended, asked, deadline)
    if timed_out:
        script.signal(signal.SIGTERM)
        _await_end(script, ended, asked)
    if not ended.is_set():
        return HookExit(failure=HookFailure.EXIT)  # frozen, say: nothing of it is heard any more
    open_late = _await_outputs(readers, deadline, give_up)
    if timed_out:
        return HookExit(failure=HookFailure.TIMED_OUT)
    if statuses[0] != 0 or cancel.reason is not None:
        status = statuses[0] if statuses[0] >= 0 else None
        return HookExit(failure=HookFailure.EXIT, status=status)
    return HookExit(failure=open_late, status=0)


def _await_end(
    script: RunningScript,
    ended: threading.Event,
    asked: Sequence[float],
    deadline: float = math.inf,
) -> bool:
    """
    Wait for a script's end, until the deadline; False: it was reached.

    One that was cancelled and does not listen is killed, and one that cannot be killed is left:
    the processes of a container that is paused do not hear a signal.
    """
    while not ended.wait(min(_PATIENCE, max(0.0, deadline - time.monotonic()))):
        now = time.monotonic()
        if asked and now > asked[0] + GRACE:
            script.signal(signal.SIGKILL)
        if asked and now > asked[0] + GRACE + _LAST:
            return True
        if now >= deadline:
            return False
    return True


def _start(
    world: Sequence[str], command: Sequence[str], variables: Mapping[str, str]
) -> _OwnProcess:
    """Start it as the leader of a process group."""
    if not world:
        alone = _popen(command, variables)
        return _OwnProcess(alone, alone.pid)
    reading, writing = os.pipe()
    try:
        # bubblewrap waits outside the script's group: a signal to the group leaves it watching.
        process = _popen(
            [*world, "--new-session", "--info-fd", str(writing), "--", *command],
            variables,
            pass_fds=(writing,),
        )
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    said = b""
    while b"}" not in said and (block := os.read(reading, 4096)):
        said += block
    os.close(reading)
    try:
        return _OwnProcess(process, int(json.loads(said)["child-pid"]))
    except (ValueError, KeyError):  # it could not make the world, and says why on its output
        return _OwnProcess(process, process.pid)


def _popen(
    command: Sequence[str], variables: Mapping[str, str], pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(variables),
        cwd="/",
        start_new_session=True,
        pass_fds=pass_fds,
    )


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group, if it is still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _reader(
    stream: Output,
    name: str,
    output: Callable[[str, str], None],
    give_up: threading.Event,
) -> threading.Thread:
    def read() -> None:
        def emit(texts: Sequence[str]) -> None:
            for text in texts:
                output(name, text)

        lines = LineWriter(Redactor(()), emit)
        watched = select.poll()  # select() itself takes no number from 1024 on
        with closing(stream):
            watched.register(stream, select.POLLIN)
            while not give_up.is_set():
                if not watched.poll(_PATIENCE * 1000):
                    continue
                try:
                    block = os.read(stream.fileno(), 65536)
                except BlockingIOError:  # it was ready, and what was there is gone
                    continue
                if not block:
                    break
                lines.write(block)
        lines.close()

    thread = threading.Thread(target=read, name=f"hook {name}", daemon=True)
    thread.start()
    return thread


def _await_outputs(
    readers: Sequence[threading.Thread], deadline: float, give_up: threading.Event
) -> HookFailure | None:
    """Wait for both outputs to be closed; say which one is still open at the deadline."""
    late: HookFailure | None = None
    for reader, failure in zip(
        readers, (HookFailure.STDOUT_OPEN, HookFailure.STDERR_OPEN), strict=True
    ):
        # A moment at least, for what is already written by a script that used its time up.
        reader.join(max(2 * _PATIENCE, deadline - time.monotonic()))
        if reader.is_alive():
            late = late or failure
    give_up.set()
    for reader in readers:
        reader.join()
    return late
