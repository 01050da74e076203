"""
A session that is a driver: what all runners share, whatever holds the driver.

See ``driver.sh`` for its half.
We write a command's files, ask for it with one line, and follow the spool by offset:
a command costs milliseconds, and nothing of it needs us alive.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends.session_command import check_variables, frame, numbered, prepare
from cicd.backends.session_directory import remove_tree
from cicd.backends.session_spool import Tail
from cicd.ports import CancelToken, Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cicd.backends.session_directory import SessionDirectory
    from cicd.backends.session_ways import Channel, Ferry, Files
    from cicd.ports import FileEntry

GRACE = 10.0  # seconds between terminate and kill
PATIENCE = 5.0  # seconds between kill and the end of the whole session
SHORTEST, LONGEST = 0.0005, 0.02  # seconds between two looks at the spool
SLOWER = 1.1  # how a pause grows on the one before, while nothing comes
TERMINATED, KILLED = 128 + 15, 128 + 9


class DriverSession:
    """A ``ports.Session``."""

    def __init__(
        self,
        directory: SessionDirectory,
        channel: Channel,
        files: Callable[[DriverSession], Files],
        *,
        users: Callable[[str | None], None],
        ferry: Ferry | None = None,
    ) -> None:
        """
        Take over a session that runs: a new one, or one that a dead process left.

        Args:
            directory: Where its files are.
            channel: How its driver is reached.
            files: How its files are reached.
            users: Raises ``Unavailable`` for a user that it cannot run a command as.
            ferry: None where the driver sees the directory itself.
        """
        record = directory.record()
        self.places = record.places
        self.scratch = record.scratch
        self.directory = directory
        self._nonce = record.nonce
        self._channel = channel
        self.check_user = users
        self._ferry = ferry
        self._files = files(self)
        self._ends = {0: 0}
        self._numbers = numbered(directory.io)
        self._errands = 0
        self._closed = False
        self._lock = threading.Lock()

    def run(
        self,
        key: str,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] | None = None,
        directory: str | None = None,
        user: str | None = None,
        output: Callable[[bytes], None],
        cancel: CancelToken,
    ) -> Exit:
        """See ``ports.Session``."""
        self.check_user(user)
        check_variables(variables or {})
        number = self._numbers.get(key)
        if number is None:
            if cancel.reason is not None:
                return Exit(status=TERMINATED, cancelled=cancel.reason)
            if self._closed or not self._channel.alive():
                return Exit(status=KILLED, lost=True)
            number = len(self._numbers) + 1
            text = frame(
                key=key,
                shell=shell,
                variables=variables,
                directory=directory or self.scratch,
                user=user,
            )
            prepare(self._prefix(number), text, script)
            self._numbers[key] = number
        start = self._end_of(number - 1)
        if self._ferry is not None:
            self._ferry.command(number)
        self._channel.send(f"run {number}")
        ended = self._follow(number, start, output, cancel)
        if ended.lost or (ended.status and ended.cancelled is None):
            return replace(ended, note=self._note(number, ended))
        return ended

    def enter(
        self,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] | None = None,
        directory: str | None = None,
        user: str | None = None,
    ) -> int:
        """See ``ports.Session``."""
        self.check_user(user)
        check_variables(variables or {})
        name = f"enter-{time.monotonic_ns()}"
        at = self.directory.io / name
        at.mkdir(mode=0o755)
        text = frame(
            shell=shell, variables=variables, directory=directory or self.scratch, user=user
        )
        prepare(f"{at}/", text, script)
        if self._ferry is not None:
            self._ferry.take(at)
        # The scratch directory first: that is where the driver begins, too.
        at_scratch = 'cd "$0" && exec sh "$1/driver.sh" "$1" - "$2"'
        try:
            return self._channel.enter(
                ("sh", "-c", at_scratch, self.scratch, self._channel.io, name)
            )
        finally:
            remove_tree(at)

    def files(self, directory: str, *, depth: int | None = None) -> Iterator[FileEntry]:
        """See ``ports.Session``."""
        return self._files.files(directory, depth=depth)

    def copy_in(self, source: Path, destination: str) -> None:
        """See ``ports.Session``."""
        self._files.copy_in(source, destination)

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """See ``ports.Session``."""
        self._files.copy_out(directory, paths, destination)

    def close(self) -> None:
        """See ``ports.Session``."""
        with self._lock:
            if self._closed:
                return
            # Nobody will ask for a command again: its files go while the processes die.
            tidying = threading.Thread(target=self.directory.forget_commands)
            tidying.start()
            self._channel.end()
            tidying.join()
            if self._ferry is not None:
                self._ferry.close()
            self._channel.forget()
            self._closed = True

    def errand(
        self, script: str, *, tool: str = "", luggage: Path | None = None
    ) -> tuple[Exit, Path]:
        """
        Run a script of our own, between commands, which the spool knows nothing of.

        ``luggage``: a directory below ``io`` that the script needs, beside its own.

        Returns:
            Its end, and its directory below ``io``, which the script sees as ``${0%/*}``;
            the text ``tool`` stands there in a file of that name.
        """
        self._errands += 1
        name = f"errand-{time.monotonic_ns()}-{self._errands}"
        at = self.directory.io / name
        at.mkdir(mode=0o755)
        if tool:
            (at / "tool").write_text(tool, "utf-8")
        prepare(f"{at}/", frame(directory="/"), script)
        if self._ferry is not None:
            status = self._ferry.errand(at, luggage)
            return Exit(status=KILLED if status is None else status, lost=status is None), at
        self._channel.send(f"errand {name}")
        pause = SHORTEST
        ended = at / "exit"
        while not (ended.is_file() and (text := ended.read_text()).endswith("\n")):
            if pause >= LONGEST and not self._channel.alive() and not ended.is_file():
                return Exit(status=KILLED, lost=True), at
            time.sleep(pause)
            pause = min(pause * SLOWER, LONGEST)
        return Exit(status=int(text)), at

    def _prefix(self, number: int) -> str:
        """Give the beginning of the paths of a command's files."""
        return f"{self.directory.io}/{number}."

    def _end_of(self, number: int) -> int:
        """Say where in the spool a command ended; waits for one that was not waited for."""
        if number not in self._ends:
            before = self._end_of(number - 1)
            self._follow(number, before, lambda _: None, CancelToken())
        return self._ends.get(number, 0)

    def _follow(
        self, number: int, start: int, output: Callable[[bytes], None], cancel: CancelToken
    ) -> Exit:
        if self._ferry is not None:
            self._ferry.follow()
        stop = _Stop(self._channel, number, Path(f"{self._prefix(number)}cancelled"))
        wake = threading.Event()
        cancel.on_cancel(wake.set)
        tail = Tail(self.directory.spool, self._nonce, number, start)
        pause = SHORTEST
        try:
            while True:
                data = tail.read()
                if data:
                    output(data)
                    pause = SHORTEST
                if tail.status is not None:
                    self._ends[number] = tail.end
                    return Exit(status=tail.status, cancelled=stop.reason())
                if cancel.reason is not None:
                    stop.press(cancel.reason)
                if data:
                    continue
                if pause >= LONGEST and not self._channel.alive():
                    return self._lost(tail, output, cancel)
                if cancel.reason is None:
                    wake.wait(pause)
                else:
                    time.sleep(pause)
                pause = min(pause * SLOWER, LONGEST)
        finally:
            tail.close()

    def _note(self, number: int, ended: Exit) -> str:
        """Ask what is known of the end of a command, or of all of them."""
        frame = Path(f"{self._prefix(number)}frame")
        since = frame.stat().st_mtime if frame.exists() else 0.0
        return self._channel.post_mortem(since, ended.status, dead=ended.lost)

    def _lost(self, tail: Tail, output: Callable[[bytes], None], cancel: CancelToken) -> Exit:
        """Give what a dead driver still wrote; its very last words may be the mark."""
        if self._ferry is not None:
            self._ferry.drain()
        while data := tail.read():
            output(data)
        if tail.status is not None:
            return Exit(status=tail.status, cancelled=cancel.reason)
        if rest := tail.rest():
            output(rest)
        return Exit(status=KILLED, cancelled=cancel.reason, lost=True)


class _Stop:
    """The way from asking to insisting, for one command."""

    def __init__(self, channel: Channel, number: int, note: Path) -> None:
        self._channel = channel
        self._number = number
        self._note = note  # remembers the reason for who replays the command
        self._pressed: str | None = None
        self._steps: list[tuple[float, Callable[[], None]]] = []

    def reason(self) -> str | None:
        """Say why the command was asked to stop, if it was: by us or by a process now dead."""
        return self._note.read_text("utf-8") if self._note.is_file() else None

    def press(self, reason: str) -> None:
        """Take the steps that are due; "KILLED" may follow another reason, and ends its grace."""
        now = time.monotonic()
        if reason != self._pressed:
            self._pressed = reason
            self._note.write_text(reason, "utf-8")
            grace = 0.0 if reason == "KILLED" else GRACE
            kill = (now + grace, lambda: self._channel.send(f"kill {self._number} KILL"))
            self._steps = [kill, (now + grace + PATIENCE, self._channel.end)]
            if grace:
                self._channel.send(f"kill {self._number} TERM")
        while self._steps and self._steps[0][0] <= now:
            self._steps.pop(0)[1]()
