"""How wide the columns of a table are: short words stay whole, long names give way. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHORT = 20  # characters, from which on a word may be broken: statuses and times are shorter
_LINE = 8  # characters of a text that stays on its line, such as "1.60 s"
_NARROW = 6  # what is left to names where there is no room
BETWEEN = 2  # blanks


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
    least = min(words[0] if words[0] <= SHORT else _NARROW, room - sum(others))
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
