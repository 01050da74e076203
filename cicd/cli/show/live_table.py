"""The rows of the live view in the columns of a terminal: signs and times are never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.cli.show.live_rows import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from cicd.cli.show.live_rows import LiveRow

_NAMES: Final = 30  # characters of a name that are never cut


def live_table(rows: Sequence[LiveRow], width: int, spinner: RenderableType) -> Table:
    """Lay rows out in ``width`` characters; ``spinner`` stands in front of those that are busy."""
    from rich.table import Table
    from rich.text import Text

    longest = [
        max((len(cell) for cell in cells), default=0)
        for cells in (
            [row.name for row in rows],
            [row.words for row in rows],
            [row.time for row in rows],
        )
    ]
    room = width - BETWEEN - longest[2]
    names = min(longest[0], max(_NAMES, room - longest[1]))
    words = max(1, min(longest[1], room - names))
    # Columns without a width of their own would share what is missing, down to nothing.
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True, overflow="ellipsis", width=names)
    table.add_column(no_wrap=True, overflow="ellipsis", width=words)
    table.add_column(no_wrap=True, justify="right", width=longest[2])
    for row in rows:
        table.add_row(
            spinner if row.busy else Text(row.sign, style=row.sign_style),
            Text(row.name, style=row.name_style),
            Text(row.words, style=row.style),
            row.time,
        )
    return table
