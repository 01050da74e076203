"""How wide the columns of a table are: short words stay whole, long names give way. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHORT = 20  # characters, from which on a word may be broken: statuses and times are shorter
_LINE = 8  # characters of a text that stays on its line, such as "1.60 s"
_NARROW = 6  # what is left to names where there is no room
BETWEEN = 2  # blanks
_ID = re.compile(r"\b([0-9a-f]{8})(?:(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})\b")


def with_room_for(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    cells: Callable[[str], int],
) -> Sequence[Sequence[str]]:
    """
    Shorten ids to their beginnings, which name an execution as well, where a row is else too long.

    A commit's, too. So a build of yesterday stands on a line of 80 columns, with its moment.
    """
    whole = [max(map(cells, each)) for each in zip(titles, *rows, strict=True)]
    if sum(whole) + BETWEEN * (len(titles) - 1) <= width:
        return rows
    return [[_ID.sub(r"\1", cell) for cell in row] for row in rows]


def widths_for(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    cells: Callable[[str], int],
) -> tuple[int, ...]:
    """
    Lay out a table for ``width`` columns of a terminal; ``cells`` says how many a text takes.

    Short words, and texts such as "1.6 s", are never broken. The first column, of names that
    people copy, has what the others can spare; a long text has a third of the line at least.
    () says that there is no room for all of them side by side.
    """
    down = [[title, *(row[at] for row in rows)] for at, title in enumerate(titles)]
    words = [max(cells(word) for text in each for word in text.split()) for each in down]
    whole = [max(map(cells, each)) for each in down]
    room = width - BETWEEN * (len(titles) - 1)
    others = [
        text if text <= _LINE else min(SHORT, word)
        for text, word in zip(whole[1:], words[1:], strict=True)
    ]
    if min(_NARROW, whole[0]) + sum(others) > room:
        return ()
    wanted = words[0] if words[0] <= SHORT else _NARROW
    for at, word in enumerate(words[1:]):
        if word > others[at]:  # broken anyway: rather that than a moment in front
            others[at] -= max(0, min(wanted + sum(others) - room, others[at] - _LINE))
    least = min(wanted, room - sum(others))
    spare = room - least - sum(others)
    for at, text in enumerate(whole[1:]):
        if text > 2 * SHORT:
            more = min(max(0, min(text, room // 3) - others[at]), spare)
            others[at] += more
            spare -= more
    found = [min(whole[0], room - sum(others)), *others]
    for at in sorted(range(len(found)), key=lambda at: whole[at] - found[at]):
        found[at] += min(whole[at] - found[at], max(0, room - sum(found)))
    return tuple(found)
