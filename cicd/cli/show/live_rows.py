"""The rows of the live view: one function for each kind of execution that has some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.position import printable

if TYPE_CHECKING:
    from rich.spinner import Spinner
    from rich.table import Table

    from cicd.cli.show.board import Board
    from cicd.cli.show.shift_board import ShiftBoard
    from cicd.cli.show.stages import Stages
    from cicd.cli.show.tree import Row, Tree

_SIGNS = {"Succeeded": "✓", "Failed": "✗", "Abandoned": "–"}
_NAMES = 30  # characters of a name that are never cut


def add_tree(view: Table, tree: Tree, spinner: Spinner, now: float, limit: int) -> None:
    """Add the children of an execution."""
    from rich.text import Text

    for row in tree.rows(now, limit):
        view.add_row(
            spinner.render(now) if row.status == "IN_PROGRESS" else "",
            Text(printable(row.name), style="bold"),
            Text(printable(row.doing or row.status), style=_row_style(row)),
            clock(row.seconds),
        )


def add_stages(view: Table, stages: Stages, spinner: Spinner, now: float, limit: int) -> None:
    """Add the stages of an execution, and how each action stands."""
    from rich.text import Text

    rows = stages.rows(now, limit)
    longest = max((len(row.name) + 2 for row in rows), default=0)
    view.columns[1].min_width = min(longest, _NAMES)
    for row in rows:
        if row.is_stage:
            status = Text(row.status or row.doing, style=status_style(row.status) or "dim")
            view.add_row("", Text(printable(row.name), style="bold"), status, "")
            continue
        busy = row.status == "InProgress"
        mark = status_style(row.status)
        said = row.doing or row.status
        style = "dim" if busy or not row.status else status_style(row.status)
        view.add_row(
            spinner.render(now) if busy else Text(_SIGNS.get(row.status, ""), style=mark),
            Text(f"  {printable(row.name)}"),
            Text(printable(said), style=style),
            clock(row.seconds),
        )


def add_board(view: Table, board: Board, spinner: Spinner, now: float, limit: int) -> None:
    """Add the targets of a deployment, and how many of them serve."""
    from rich.text import Text

    from cicd.cli.show.board import capacity_bar

    for row in board.rows(now, limit):
        busy = row.status == "InProgress"
        view.add_row(
            spinner.render(now) if busy else "",
            Text(printable(row.target), style="bold"),
            Text(f"{row.signs}  {row.doing}", style=status_style(row.status)),
            clock(row.seconds),
        )
    view.add_row("", "", Text(capacity_bar(board)), "")


def add_shift(view: Table, shift: ShiftBoard, spinner: Spinner, now: float) -> None:
    """Add the figures of a shift of traffic."""
    from rich.text import Text

    for number, (name, words) in enumerate(shift.lines()):
        style = "bold" if number == 0 else ""
        sign = spinner.render(now) if number == 0 else ""
        view.add_row(sign, Text(printable(name), style=style), Text(words), "")


def clock(seconds: int | None) -> str:
    """Write seconds as minutes and seconds; nothing for what has not begun."""
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


def _row_style(row: Row) -> str:
    return "dim" if row.doing or not row.status else status_style(row.status)


def status_style(cell: str) -> str:
    """Colour a cell that is one of the services' statuses."""
    word = cell.upper().replace(" ", "")
    if word in {"SUCCEEDED", "APPROVED"}:
        return "green"
    if word in {"FAILED", "FAULT", "TIMED_OUT", "REJECTED"}:
        return "bold red"
    if word in {"STOPPED", "SKIPPED", "ABANDONED", "SUPERSEDED"}:
        return "yellow"
    return ""
