"""One JSON object a line, for programs; the last one is the result."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, TextIO

from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.cli.show.tree import Branch
    from cicd.document.problem import Problem
    from cicd.event import JSON, Event
    from cicd.ports import Described, LogBlock, LogLine, Services


class JsonLines:
    """Writes every event and log line as an object, in the order they happened."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        """Write to ``out``; notices to ``err``, so that no reader takes one for a result."""
        self._out = out
        self._err = err
        self._unicode = (out.encoding or "utf-8").lower().replace("-", "") == "utf8"
        self._lock = threading.Lock()

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Write an event with EventBridge's detail."""
        self._write(
            {
                "type": "event",
                "stream": stream,
                "kind": event.kind.value,
                "at": event.at.isoformat(),
                "key": event.key,
                "text": said.text,
                "level": said.level.value,
                "detail": dict(said.detail),
            }
        )

    def line(self, stream: str, line: LogLine) -> None:
        """Write a line of output."""
        self._write(_log(stream, line))

    def block(self, stream: str, block: LogBlock) -> None:
        """Write lines of output."""
        self._write(*(_log(stream, line) for line in block.lines()))

    def attend(self, services: Services) -> None:
        """Tell what happens, and no more."""

    def branches(self, root: str, branches: Sequence[Branch]) -> None:
        """Leave it to ``result``."""

    def notice(self, text: str, level: Level = Level.INFO) -> None:
        """Write what went wrong to standard error; the rest is in the result."""
        if level in {Level.WARNING, Level.FAILURE}:
            self._write({"type": "notice", "level": level.value, "text": text}, out=self._err)

    def text(self, text: str, level: Level = Level.INFO) -> None:
        """Leave it to ``result``."""

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Leave it to ``result``."""

    def problems(self, problems: Sequence[Problem]) -> None:
        """Write each problem."""
        from cicd.cli.show.problems import as_json

        for problem in as_json(problems):
            self._write({"type": "problem", **problem})

    def result(self, value: JSON) -> None:
        """Write the result as it is."""
        self._write(value)

    def close(self) -> None:
        """Hold nothing."""

    def _write(self, *values: JSON, out: TextIO | None = None) -> None:
        lines = [json.dumps(value, ensure_ascii=not self._unicode) + "\n" for value in values]
        to = out or self._out
        with self._lock:
            to.write("".join(lines))
            to.flush()


def _log(stream: str, line: LogLine) -> JSON:
    return {
        "type": "log",
        "stream": stream,
        "at": line.at.isoformat(),
        "origin": line.origin,
        "text": line.text,
    }
