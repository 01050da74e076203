"""A ``Runner`` without a shell: each command's answer is written down beforehand."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.ports import CancelToken, Exit, FileEntry
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cicd.ports import Environment

TERMINATED, KILLED = 143, 137  # exit statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one command does. ``waits``: it runs until it is cancelled."""

    output: bytes = b""
    status: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)  # absolute path → content
    waits: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One command that was run, as the session was told of it."""

    key: str
    script: str
    shell: str
    variables: Mapping[str, str]
    directory: str | None
    user: str | None


class ScriptedRunner:
    """Sessions whose commands answer by key; whatever is not written down succeeds silently."""

    name = "scripted"

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        """Take the answers by the commands' keys."""
        self.answers = dict(answers or {})
        self.sessions: dict[str, ScriptedSession] = {}
        self.opened: list[Environment] = []
        self.ran: list[Ran] = []  # in all sessions, in order

    def check(self) -> None:
        """Be always ready."""

    def open(
        self,
        session_id: str,
        environment: Environment,
        *,
        stream: str,
        say: Callable[[str], None] | None = None,
    ) -> ScriptedSession:
        """Make a session; raises UsageError for a mount that is no directory."""
        del say
        for mount in environment.mounts:
            if not mount.source.is_dir():
                raise UsageError(f"'{mount.source}' is not a directory")
        session = ScriptedSession(self, session_id, environment, stream)
        self.opened.append(environment)
        self.sessions[session_id] = session
        return session

    def attach(self, session_id: str) -> ScriptedSession | None:
        """Find a session that was not closed."""
        return self.sessions.get(session_id)

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """End the sessions whose stream nobody wants."""
        unwanted = [s for s in self.sessions.values() if not keep(s.stream)]
        for session in unwanted:
            session.close()
        return [session.id for session in unwanted]


class ScriptedSession:
    """A ``Session`` of a ``ScriptedRunner``; its files are those that answers have written."""

    def __init__(
        self, runner: ScriptedRunner, session_id: str, environment: Environment, stream: str
    ) -> None:
        """Place each mount below a directory of its own."""
        self.id = session_id
        self.stream = stream
        self.places = {m.name: f"/codebuild/output/{m.name}" for m in environment.mounts}
        self.scratch = "/codebuild/session"
        self._runner = runner
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._commands: dict[str, _Running] = {}
        self._contents: dict[str, bytes] = {}

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
        """Give the answer of ``key``; again, or by joining it, without running it twice."""
        if self._closed.is_set():
            return Exit(status=TERMINATED, lost=True)
        answer = self._runner.answers.get(key, Answer())
        with self._lock:
            command = self._commands.get(key)
            is_new = command is None and cancel.reason is None
            if command is None:
                command = self._commands[key] = _Running(answer.output if is_new else b"")
        if is_new:
            self._runner.ran.append(
                Ran(
                    key=key,
                    script=script,
                    shell=shell,
                    variables=dict(variables or {}),
                    directory=directory,
                    user=user,
                )
            )
            self._contents.update(answer.files)
            if not answer.waits:
                command.end(Exit(status=answer.status, lost=answer.lost))
        if command.output:
            output(command.output)
        cancel.on_cancel(lambda: command.end(_cancelled(cancel.reason)))
        return command.wait()

    def check_user(self, user: str | None) -> None:
        """Take everybody."""

    def files(self, directory: str, *, depth: int | None = None) -> Iterator[FileEntry]:
        """List what answers have written below ``directory``; the places always exist."""
        below = directory.rstrip("/") + "/"
        found = sorted(path for path in self._contents if path.startswith(below))
        if not found and directory not in (*self.places.values(), self.scratch):
            raise UsageError(f"'{directory}' is not a directory")
        return iter(
            FileEntry(path=path.removeprefix(below), mode=0o644, size=len(self._contents[path]))
            for path in found
            if depth is None or path.removeprefix(below).count("/") < depth
        )

    def copy_in(self, source: Path, destination: str) -> None:
        """Take a file or a directory's files."""
        if source.is_file():
            self._contents[destination] = source.read_bytes()
            return
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            inside = posixpath.join(destination, path.relative_to(source).as_posix())
            self._contents[inside] = path.read_bytes()

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """Write files below ``destination``; raises UsageError for what is not there."""
        for path in paths:
            inside = posixpath.join(directory, path)
            if path.startswith("/") or ".." in PurePosixPath(path).parts:
                raise UsageError(f"'{path}' is outside {directory}")
            if inside not in self._contents:
                raise UsageError(f"there is no '{inside}'")
            target = destination / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._contents[inside])

    def enter(
        self,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] | None = None,
        directory: str | None = None,
        user: str | None = None,
    ) -> int:
        """Note what is entered, under no key, and give the status of its answer."""
        self._runner.ran.append(
            Ran(
                key="",
                script=script,
                shell=shell,
                variables=dict(variables or {}),
                directory=directory,
                user=user,
            )
        )
        return self._runner.answers.get("", Answer()).status

    def close(self) -> None:
        """End what waits, and forget the session; safe twice."""
        self._closed.set()
        for command in tuple(self._commands.values()):
            command.end(Exit(status=KILLED, lost=True))
        self._runner.sessions.pop(self.id, None)


class _Running:
    """One command, whoever waits for it."""

    def __init__(self, output: bytes) -> None:
        self.output = output
        self._exit: Exit | None = None
        self._ended = threading.Event()

    def end(self, ended: Exit) -> None:
        """End it, unless it has ended."""
        self._exit = self._exit or ended
        self._ended.set()

    def wait(self) -> Exit:
        self._ended.wait()
        assert self._exit is not None, "set before the event"
        return self._exit


def _cancelled(reason: str | None) -> Exit:
    return Exit(status=KILLED if reason == "KILLED" else TERMINATED, cancelled=reason)
