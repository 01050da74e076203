"""A ``Runner`` without a shell: each command's answer is written down beforehand."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.ports import CancelToken, Exit, FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cicd.ports import Environment


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

    def open(self, session_id: str, environment: Environment, *, stream: str) -> ScriptedSession:
        """Make a session."""
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
        self._done: dict[str, Exit] = {}
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
        """Give the answer of ``key``; again, without running, if it ran already."""
        answer = self._runner.answers.get(key, Answer())
        output(answer.output)
        if key in self._done:
            return self._done[key]
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
        if answer.waits:
            ended = threading.Event()
            cancel.on_cancel(ended.set)
            ended.wait()
            self._done[key] = Exit(status=143, cancelled=cancel.reason)
        else:
            self._done[key] = Exit(status=answer.status, lost=answer.lost)
        return self._done[key]

    def files(self, directory: str) -> Iterator[FileEntry]:
        """List what answers have written below ``directory``; the places always exist."""
        below = directory.rstrip("/") + "/"
        found = sorted(path for path in self._contents if path.startswith(below))
        if not found and directory not in (*self.places.values(), self.scratch):
            raise UsageError(f"'{directory}' is not a directory")
        for path in found:
            size = len(self._contents[path])
            yield FileEntry(path=path.removeprefix(below), mode=0o644, size=size)

    def copy_in(self, source: Path, destination: str) -> None:
        """Take a file or a directory's files."""
        if source.is_file():
            self._contents[destination] = source.read_bytes()
            return
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            inside = posixpath.join(destination, path.relative_to(source).as_posix())
            self._contents[inside] = path.read_bytes()

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """Write files below ``destination``."""
        for path in paths:
            target = destination / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._contents[posixpath.join(directory, path)])

    def close(self) -> None:
        """Forget it; safe twice."""
        self._runner.sessions.pop(self.id, None)
