"""A line an event, for pipes and CI logs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TextIO

from cicd.cli.show import line_label, root_of
from cicd.cli.show.coloured import coloured
from cicd.document.position import harmless, printable
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.cli.show.tree import Branch
    from cicd.document.problem import Problem
    from cicd.event import JSON, Event
    from cicd.ports import Described, LogBlock, LogLine, Services


class Plain:
    """Writes lines; those of a child execution carry its name in front."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        """Write the story to ``out`` and notices to ``err``."""
        self._out = out
        self._err = err
        self._steerable = out.isatty()
        self._lock = threading.Lock()
        self._root = ""
        self._names: Mapping[str, str] = {}

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Write an event's words, if it has any."""
        del event
        self._root = root_of(self._root, stream)
        if said.text:
            self._say(self._name(stream, ""), harmless(said.text))

    def line(self, stream: str, line: LogLine) -> None:
        """Write a line of output."""
        self._root = root_of(self._root, stream)
        self._say(self._name(stream, line.origin), self._shown(line.text))

    def attend(self, services: Services) -> None:
        """Tell what happens, and no more."""

    def branches(self, root: str, branches: Sequence[Branch]) -> None:
        """Put these names in front of what the children of ``root`` say."""
        self._root = root
        self._names = {branch.stream: branch.name for branch in branches}

    def block(self, stream: str, block: LogBlock) -> None:
        """Write lines of output in one piece."""
        self._root = root_of(self._root, stream)
        self._say(self._name(stream, block.origin), "\n".join(map(self._shown, block.texts)))

    def notice(self, text: str, level: Level = Level.INFO) -> None:
        """Write to standard error."""
        told = harmless(text)
        self._write(self._err, f"warning: {told}" if level is Level.WARNING else told)

    def text(self, text: str, level: Level = Level.INFO) -> None:
        """Write a line of the result."""
        del level
        self._write(self._out, harmless(text))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write columns that are as wide as their widest cell."""
        if not rows:
            return
        lines = [
            tuple(column.upper() for column in columns),
            *(tuple(map(printable, row)) for row in rows),
        ]
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self._write(self._out, "  ".join(cells).rstrip())

    def problems(self, problems: Sequence[Problem]) -> None:
        """Write them with their excerpts to standard error."""
        if problems:
            from cicd.cli.show.problems import render

            self._write(self._err, render(problems, colour=False))

    def result(self, value: JSON) -> None:
        """Leave it to programs."""

    def close(self) -> None:
        """Hold nothing."""

    def _name(self, stream: str, origin: str) -> str:
        return self._names.get(stream) or line_label(stream, origin, self._root)

    def _shown(self, line: str) -> str:
        """Leave a line as it was written, but for a terminal, which it could steer."""
        return coloured(line) if self._steerable else line

    def _say(self, name: str, text: str) -> None:
        if name:
            text = f"[{name}] " + text.replace("\n", f"\n[{name}] ")
        self._write(self._out, text)

    def _write(self, to: TextIO, text: str) -> None:
        with self._lock:
            to.write(text + "\n")
            to.flush()
