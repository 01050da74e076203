"""What people and programs see: one presenter a kind of output."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from cicd.ports import Level, LogBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cicd.cli.show.tree import Branch
    from cicd.document.problem import Problem
    from cicd.event import JSON, Event
    from cicd.ports import Described, LogLine, Services


class Presenter(Protocol):
    """
    A ``Reporter`` that can also say what a command has to say.

    Results go to standard output, progress and notices to standard error.
    ``human`` is a live view on a terminal, ``plain`` a line an event,
    ``json`` one object a line, the last of which is the result.
    """

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Show what happened in a stream."""

    def line(self, stream: str, line: LogLine) -> None:
        """Show a line of output of a stream."""

    def block(self, stream: str, block: LogBlock) -> None:
        """Show many lines of output of a stream at once."""

    def branches(self, root: str, branches: Sequence[Branch]) -> None:
        """Be told of all children of ``root`` beforehand, and call them by these names."""

    def attend(self, services: Services) -> None:
        """Know where figures are that no event tells, such as those of a load balancer."""

    def notice(self, text: str, level: Level = Level.INFO) -> None:
        """Tell people something beside the result, such as which runner was taken."""

    def text(self, text: str, level: Level = Level.INFO) -> None:
        """Give people a line of the result; programs get ``result``."""

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Give people a table of the result; programs get ``result``."""

    def problems(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong with documents, without ending the run."""

    def result(self, value: JSON) -> None:
        """Give programs the result, in AWS's own shape; people have read it above."""

    def close(self) -> None:
        """Take the live view away; safe twice."""


def presenter(output: str | None, color: str = "auto") -> Presenter:
    """
    Choose what to show things with.

    Args:
        output: "human", "plain" or "json"; None means human on a terminal, else plain.
        color: "auto", "always" or "never".
    """
    import sys

    if output == "json":
        from cicd.cli.show.json_lines import JsonLines

        return JsonLines(sys.stdout, sys.stderr)
    if output == "human" or (output is None and sys.stdout.isatty()):
        from cicd.cli.show.human import Human

        return Human(color)
    from cicd.cli.show.plain import Plain

    return Plain(sys.stdout, sys.stderr)


def show_log(show: Presenter, stream: str, lines: Iterable[tuple[int, LogLine]], at: int) -> int:
    """
    Show lines of a stream's log, those together that were written together.

    Args:
        show: Where.
        stream: Whose log.
        lines: What ``LogStore.read`` gives.
        at: The byte offset where that began.

    Returns:
        The offset behind the last line.
    """
    for _, group in groupby(lines, key=lambda each: (each[1].at, each[1].origin)):
        together = list(group)
        at, last = together[-1]
        texts = [line.text for _, line in together]
        show.block(stream, LogBlock(at=last.at, origin=last.origin, texts=texts))
    return at


def label(stream: str) -> str:
    """Name a stream for people: "build/app:1b2c3d4e-…" is "app:1b2c3d4e"."""
    kind, _, rest = stream.partition("/")
    name, _, identifier = rest.rpartition(":")
    if kind == "deployment":
        return rest
    if kind == "pipeline":
        return f"pipeline:{rest[:8]}"
    return f"{name}:{identifier[:8]}" if name else rest[:8]


def root_of(root: str, stream: str) -> str:
    """
    Say which stream is the one that was asked for.

    It is the first one that is told of; but the copy of a fleet is made for the deployment that
    its name ends with.
    """
    kind, _, identifier = stream.partition("/")
    copied = root.startswith("fleet/") and root.endswith(f"_{identifier}")
    return stream if not root or (copied and kind == "deployment") else root


def line_label(stream: str, origin: str, root: str) -> str:
    """
    Name whoever wrote a line: an instance of a deployment, else a child; "" for the root.

    What is told of a fleet names it, or its member.
    """
    if stream.startswith("fleet/"):
        return ""
    if stream.startswith("deployment/") and "/" in origin:
        return origin.partition("/")[0]
    return "" if stream == root else label(stream)
