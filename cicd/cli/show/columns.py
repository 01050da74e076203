"""How wide the columns of a table are: short words stay whole, long names give way. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORT = 20  # characters, from which on a word may be broken: statuses and times are shorter
_NARROW = 8  # what is left to names where there is no room
BETWEEN = 2  # blanks


class Column(NamedTuple):
    """What a column asks for."""

    title: str
    least: int  # characters
    whole: bool  # no cell of it is broken


def columns_for(
    titles: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> tuple[Column, ...]:
    """
    Lay out a table for ``width`` columns of a terminal.

    Short words are never broken. The first column, of names that people copy, is not broken
    either while the others have room for their words beside it.
    """
    down = [[title, *(row[at] for row in rows)] for at, title in enumerate(titles)]
    words = [max(min(SHORT, len(word)) for cell in each for word in cell.split()) for each in down]
    room = width - sum(words[1:]) - BETWEEN * (len(titles) - 1)
    first = Column(
        title=titles[0],
        least=min(words[0], max(_NARROW, room)),
        whole=max(map(len, down[0])) <= room,
    )
    others = zip(titles[1:], words[1:], strict=True)
    return (first, *(Column(title=title, least=least, whole=False) for title, least in others))
