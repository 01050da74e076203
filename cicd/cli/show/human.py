"""A live view on a terminal: what happened scrolls, what happens now stands below."""

from __future__ import annotations

import errno
import os
import threading
import time
from typing import TYPE_CHECKING

from cicd.cli.show import label, line_label, root_of
from cicd.cli.show.coloured import coloured
from cicd.cli.show.live_rows import (
    TIMES,
    LiveRow,
    board_rows,
    column_widths,
    running_row,
    shift_rows,
    stage_rows,
    status_style,
    tree_rows,
)
from cicd.document.position import harmless, printable
from cicd.event import EventKind
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import JustifyMethod, RenderableType
    from rich.text import Text

    from cicd.cli.show.board import Board
    from cicd.cli.show.shift_board import ShiftBoard
    from cicd.cli.show.stages import Stages
    from cicd.cli.show.tree import Branch, Tree
    from cicd.document.problem import Problem
    from cicd.event import JSON, Event
    from cicd.ports import Described, LogBlock, LogLine, Services

STYLES = {
    Level.DETAIL: "dim",
    Level.INFO: "",
    Level.SUCCESS: "green",
    Level.WARNING: "yellow",
    Level.FAILURE: "bold red",
}
CHILD_STYLES = ("cyan", "magenta", "blue", "yellow", "green")


class Human:
    """Prints the story to standard output, with one live line for each running execution."""

    def __init__(self, color: str) -> None:
        """Find out about the terminal; nothing is drawn before the first event."""
        from rich.console import Console as RichConsole
        from rich.live import Live
        from rich.spinner import Spinner

        class Console(RichConsole):
            def on_broken_pipe(self) -> None:
                """Tell it to who prints: by itself rich ends the process, and a build with it."""
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

        plain = {"always": False, "never": True}.get(color)
        forced = True if color == "always" else None
        self._out = Console(
            highlight=False, soft_wrap=True, emoji=False, no_color=plain, force_terminal=forced
        )
        self._err = Console(
            highlight=False,
            soft_wrap=True,
            emoji=False,
            no_color=plain,
            force_terminal=forced,
            stderr=True,
        )
        self._spinner = Spinner("dots")
        self._lock = threading.RLock()
        self._running: dict[str, tuple[float, str]] = {}  # stream → (started, what it does)
        self._root = ""  # the stream that was asked for; the others are its children
        self._tree: Tree | None = None  # on a terminal, of an execution whose children are known
        self._boards: dict[str, Board] = {}  # on a terminal: of deployments that run
        self._shifts: dict[str, ShiftBoard] = {}  # on a terminal: of shifts of traffic
        self._services: Services | None = None
        self._stages: Stages | None = None  # on a terminal, of a pipeline's execution
        self._names: Mapping[str, str] = {}
        self._styles: dict[str, str] = {}  # who writes lines → in which colour
        self._live = Live(
            get_renderable=self._now, console=self._out, refresh_per_second=8, transient=True
        )

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Print an event's words, unless they are a detail, and move the live line on."""
        with self._lock:
            self._root = root_of(self._root, stream)
            if self._tree is not None:
                self._tree.event(stream, event, time.monotonic())
            self._follow_stages(stream, event)
            resumed = event.data.get("signal") == "resumed"
            if resumed:
                self._recall(stream, event)
            self._follow(stream, event, time.monotonic())
            signalled = event.kind is EventKind.SIGNALLED and not resumed
            if event.kind is EventKind.CONCLUDED:
                self._running.pop(stream, None)
            elif said.text and (not signalled or stream in self._running):
                # What is signalled after the end, that it is rolled back say, begins nothing.
                started, _ = self._running.get(stream, (time.monotonic(), ""))
                self._running[stream] = (started, printable(said.text.split("\n")[0]))
            if self._running and not self._live.is_started and self._out.is_terminal:
                self._live.start()
            if said.text and said.level is not Level.DETAIL and self._scrolls(stream, event, said):
                self._print(self._name(stream, ""), _styled(said))
            if not self._running:
                self._live.stop()

    def line(self, stream: str, line: LogLine) -> None:
        """Print a line of output with the colours it came with."""
        from rich.text import Text

        with self._lock:
            self._root = root_of(self._root, stream)
            shown = self._stages is not None and self._stages.line(stream, line)
            board = self._boards.get(stream)
            if board is not None and board.line(line):
                return
            if self._tree is None and not shown:
                self._print(self._name(stream, line.origin), Text.from_ansi(coloured(line.text)))

    def attend(self, services: Services) -> None:
        """Ask these for the figures of a shift."""
        self._services = services

    def branches(self, root: str, branches: Sequence[Branch]) -> None:
        """Show the children of ``root`` as a tree instead of printing what they say."""
        from cicd.cli.show.tree import Tree

        with self._lock:
            self._root = root
            self._names = {branch.stream: branch.name for branch in branches}
            if self._out.is_terminal:
                self._tree = Tree(root, branches)

    def block(self, stream: str, block: LogBlock) -> None:
        """Print lines of output, each with the colours it came with."""
        with self._lock:
            for line in block.lines():
                self.line(stream, line)

    def notice(self, text: str, level: Level = Level.INFO) -> None:
        """Print to standard error; above the live view, where both are on the same terminal."""
        with self._lock:
            above = self._live.is_started and self._err.is_terminal
            console = self._out if above else self._err
            console.print(harmless(text), style=STYLES[level] or "dim", markup=False)

    def text(self, text: str, level: Level = Level.INFO) -> None:
        """Print a line of the result."""
        with self._lock:
            self._out.print(harmless(text), style=STYLES[level], markup=False)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table that fits the terminal; where that is too narrow, a list for each row."""
        from rich.cells import cell_len
        from rich.table import Table
        from rich.text import Text

        from cicd.cli.show.columns import widths_for, with_room_for

        if not rows:
            return
        said = [[printable(cell) for cell in row] for row in rows]
        cells = with_room_for(columns, said, self._out.width, cell_len)
        widths = widths_for(columns, cells, self._out.width, cell_len)
        table = Table(box=None, pad_edge=False, header_style="bold", show_header=bool(widths))
        for title, width in zip(columns, widths, strict=False):
            table.add_column(title.upper(), width=width, overflow="fold")
        if not widths:
            table.add_column(style="bold", no_wrap=True)
            table.add_column(overflow="fold")
        for number, row in enumerate(cells):
            texts = [Text(cell, style=status_style(cell)) for cell in row]
            if widths:
                table.add_row(*texts)
                continue
            if number:
                table.add_row()
            for title, text in zip(columns, texts, strict=True):
                if text.plain:
                    table.add_row(title.upper(), text)
        with self._lock:
            self._out.print(table, soft_wrap=False)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Print them with their excerpts to standard error."""
        from rich.text import Text

        from cicd.cli.show.problems import render

        if problems:
            coloured = self._err.color_system is not None
            with self._lock:
                self._err.print(Text.from_ansi(render(problems, colour=coloured)))

    def result(self, value: JSON) -> None:
        """Leave it to programs."""

    def close(self) -> None:
        """Take the live lines away."""
        with self._lock:
            for shift in self._shifts.values():
                shift.close()
            self._shifts.clear()
            self._running.clear()
            self._live.stop()

    def _name(self, stream: str, origin: str) -> str:
        return self._names.get(stream) or line_label(stream, origin, self._root)

    def _scrolls(self, stream: str, event: Event, said: Described) -> bool:
        """Tell whether words are printed although there may be a tree that shows the same."""
        if self._stages is not None and not stream.startswith("pipeline/"):
            return False
        if stream in self._boards and event.kind in {EventKind.STARTED, EventKind.FINISHED}:
            return said.level is not Level.INFO
        if self._tree is None:
            return True
        of_a_child = event.kind in {EventKind.STARTED, EventKind.FINISHED}
        bad = said.level in {Level.WARNING, Level.FAILURE}
        return stream == self._root and (bad or not of_a_child)

    def _follow_stages(self, stream: str, event: Event) -> None:
        """Keep the stages of the execution that was asked for."""
        if stream != self._root or not stream.startswith("pipeline/"):
            return
        if event.kind is EventKind.SUBMITTED and self._out.is_terminal:
            from cicd.cli.show.stages import Stages

            self._stages = Stages(stream)
        if self._stages is not None:
            self._stages.event(event, time.monotonic())
        if event.kind is EventKind.CONCLUDED:
            self._stages = None

    def _recall(self, stream: str, resumed: Event) -> None:
        """Show a deployment with what a driver that died had told of it: the log has it."""
        known = stream in self._boards or stream in self._shifts
        if not stream.startswith("deployment/") or known or self._services is None:
            return
        for _, event in self._services.log.read(stream):
            if event == resumed:
                return
            ago = max(0.0, (resumed.at - event.at).total_seconds())
            self._follow(stream, event, time.monotonic() - ago)

    def _follow(self, stream: str, event: Event, now: float) -> None:
        """Keep the board of a deployment, and print what a script said that has just failed."""
        if event.kind is EventKind.SUBMITTED and stream.startswith("deployment/"):
            plan = event.data["plan"]
            if self._out.is_terminal and isinstance(plan, dict) and plan.get("shift"):
                self._shift(stream, plan)
            elif self._out.is_terminal and isinstance(plan, dict):
                from cicd.cli.show.board import Board

                self._boards[stream] = Board(plan)
        if stream in self._shifts:
            self._shifts[stream].event(event)
            if event.kind is EventKind.CONCLUDED:
                self._shifts.pop(stream).close()
        board = self._boards.get(stream)
        if board is None:
            return
        board.event(event, now)
        if event.kind is EventKind.CONCLUDED:
            del self._boards[stream]
        elif event.kind is EventKind.FINISHED:
            self._show_failed(board.said(event.key), event)

    def _shift(self, stream: str, plan: dict[str, JSON]) -> None:
        """Begin to follow a shift."""
        if self._services is not None:
            from cicd.cli.show.shift_board import ShiftBoard

            self._shifts[stream] = ShiftBoard(plan, self._services)

    def _show_failed(self, lines: Sequence[LogLine], event: Event) -> None:
        from rich.text import Text

        outcome = event.data["outcome"]
        if isinstance(outcome, dict) and outcome.get("status") != "DONE":
            for line in lines:
                self._print(line.origin.partition("/")[0], Text.from_ansi(coloured(line.text)))

    def _print(self, name: str, said: Text) -> None:
        from rich.text import Text

        if not name:
            self._out.print(said)
            return
        style = self._styles.setdefault(name, CHILD_STYLES[len(self._styles) % len(CHILD_STYLES)])
        prefix = Text(f"{name} │ ", style=style)
        for part in said.split("\n", allow_blank=True):
            self._out.print(prefix + part)

    def _now(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        rows = self._rows(now)
        # Columns without a width of their own would share what is missing, down to nothing.
        view = Table.grid(padding=(0, 1))
        for number, width in enumerate(column_widths(rows, self._out.width)):
            justify: JustifyMethod = "right" if number == TIMES else "left"
            view.add_column(no_wrap=True, overflow="ellipsis", width=width, justify=justify)
        for row in rows:
            view.add_row(
                self._spinner.render(now) if row.busy else Text(row.sign, style=row.sign_style),
                Text(row.name, style=row.name_style),
                Text(row.words, style=row.style),
                row.time,
            )
        return view

    def _rows(self, now: float) -> list[LiveRow]:
        limit = max(3, self._out.height - 3)
        if self._tree is not None:
            return tree_rows(self._tree, now, limit)
        if self._stages is not None:
            return stage_rows(self._stages, now, limit)
        # Called under `Live`'s lock, which printing takes after ours: a copy instead of a lock.
        rows: list[LiveRow] = []
        for board in tuple(self._boards.values()):
            moment = None if self._services is None else self._services.clock.now()
            rows += board_rows(board, now, max(3, limit - 1), self._out.width, moment)
        for shift in tuple(self._shifts.values()):
            rows += shift_rows(shift)
        for stream, (started, doing) in tuple(self._running.items()):
            if stream not in self._boards and stream not in self._shifts:
                rows.append(running_row(label(stream), doing, now - started))
        return rows


def _styled(said: Described) -> Text:
    from rich.text import Text

    is_command = said.text.startswith("$ ")
    return Text(harmless(said.text), style="bold" if is_command else STYLES[said.level])
