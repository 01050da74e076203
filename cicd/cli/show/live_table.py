"""The rows of a live view, laid out for the width of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from cicd.cli.show.live_rows import TIMES, column_widths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod
    from rich.spinner import Spinner

    from cicd.cli.show.live_rows import LiveRow


def live_table(rows: Sequence[LiveRow], spinner: Spinner, now: float, *, width: int) -> Table:
    """Give the view: a sign, or ``spinner`` as it is at ``now``, a name, words and a time each."""
    # Columns without a width of their own would share what is missing, down to nothing.
    view = Table.grid(padding=(0, 1))
    for number, column in enumerate(column_widths(rows, width)):
        justify: JustifyMethod = "right" if number == TIMES else "left"
        view.add_column(no_wrap=True, overflow="ellipsis", width=column, justify=justify)
    for row in rows:
        view.add_row(
            spinner.render(now) if row.busy else Text(row.sign, style=row.sign_style),
            Text(row.name, style=row.name_style),
            Text(row.words, style=row.style),
            row.time,
        )
    return view
