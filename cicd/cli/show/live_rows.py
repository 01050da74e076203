"""The rows of the live view: one function for each kind of execution. Knows no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.position import printable
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.cli.show.board import Board
    from cicd.cli.show.shift_board import ShiftBoard
    from cicd.cli.show.stages import Stages
    from cicd.cli.show.tree import Tree

TIMES = 3  # the column that stands at the right
_BETWEEN = 4  # characters of a row beside its name, words and time: the sign, and blanks
_NAMES = 30  # characters of a name that are never cut
_TIME = 5  # characters of most times
_SIGNS = {"Succeeded": "✓", "Failed": "✗", "Abandoned": "–"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """One line of what happens now; styles are words of the terminal's."""

    busy: bool = False  # it moves: a spinner stands in front, instead of the sign
    sign: str = ""
    sign_style: str = ""
    name: str
    name_style: str = ""
    words: str = ""
    style: str = ""
    time: str = ""


def tree_rows(tree: Tree, now: float, limit: int) -> list[LiveRow]:
    """Give the children of an execution."""
    return [
        LiveRow(
            busy=row.status == "IN_PROGRESS",
            name=printable(row.name),
            name_style="bold",
            words=printable(row.doing or row.status),
            style="dim" if row.doing or not row.status else status_style(row.status),
            time=clock(row.seconds),
        )
        for row in tree.rows(now, limit)
    ]


def stage_rows(stages: Stages, now: float, limit: int) -> list[LiveRow]:
    """Give the stages of an execution, and how each action stands."""
    found = []
    for row in stages.rows(now, limit):
        mark = status_style(row.status)
        if row.is_stage:
            found.append(
                LiveRow(
                    name=printable(row.name),
                    name_style="bold",
                    words=", ".join(filter(None, (row.status, row.doing))),
                    style=mark or "dim",
                )
            )
            continue
        busy = row.status == "InProgress"
        found.append(
            LiveRow(
                busy=busy,
                sign=_SIGNS.get(row.status, ""),
                sign_style=mark,
                name=f"  {printable(row.name)}",
                words=printable(row.doing or row.status),
                style="dim" if busy or not row.status else mark,
                time=clock(row.seconds),
            )
        )
    return found


def board_rows(
    board: Board, now: float, limit: int, width: int, moment: datetime | None = None
) -> list[LiveRow]:
    """
    Give the targets of a deployment, how many of them serve, and what it waits for.

    Args:
        board: The deployment's.
        now: In the seconds that the board was told of.
        limit: At most so many rows of targets.
        width: Of a row, in characters.
        moment: The deployment's own time; None: it is not known.

    """
    from cicd.cli.show.board import capacity_bar

    rows = board.rows(now, limit)
    widest = max((len(row.signs) for row in rows), default=0)
    found = [
        LiveRow(
            busy=row.busy,
            name=printable(row.target),
            name_style="bold",
            words=f"{row.signs.ljust(widest)}  {row.doing}",
            style=status_style(row.status),
            time=clock(row.seconds),
        )
        for row in rows
    ]
    longest = max((len(row.name) for row in found), default=0)
    bar = capacity_bar(board, width - _BETWEEN - _TIME - longest)
    found.append(LiveRow(name="", words=bar))
    left = "" if moment is None else board.left(moment)
    return [*found, LiveRow(name="", words=left)] if left else found


def shift_rows(shift: ShiftBoard) -> list[LiveRow]:
    """Give the figures of a shift of traffic."""
    return [
        LiveRow(
            busy=number == 0,
            name=printable(name),
            name_style="bold" if number == 0 else "",
            words=words,
        )
        for number, (name, words) in enumerate(shift.lines())
    ]


def running_row(name: str, doing: str, seconds: float) -> LiveRow:
    """Give the row of an execution that nothing more is known of than its last words."""
    return LiveRow(
        busy=True,
        name=name,
        name_style="bold",
        words=doing,
        style="dim",
        time=clock(int(seconds)),
    )


def column_widths(rows: Sequence[LiveRow], width: int) -> tuple[int, int, int, int]:
    """
    Share ``width`` characters out over sign, name, words and time.

    Signs and times are never cut; words go before the names' ends.
    """
    name = max((len(row.name) for row in rows), default=0)
    words = max((len(row.words) for row in rows), default=0)
    time = max((len(row.time) for row in rows), default=0)
    room = width - _BETWEEN - time
    name = min(name, max(_NAMES, room - words))
    return 1, name, max(1, min(words, room - name)), time


def clock(seconds: int | None) -> str:
    """Write seconds as minutes and seconds; nothing for what has not begun."""
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


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
