"""The ledger of a build, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.engine.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.ledger_entry import LedgerEntry
    from cicd.cli.show import Presenter

NAMED = 3  # keys that the line at a build's end names


def ledger_line(entries: Sequence[LedgerEntry], command: str = "cicd build --ledger") -> str:
    """Say at a build's end that there is a ledger, its first keys, and what shows all of it."""
    keys = list(dict.fromkeys(entry.key for entry in entries))
    named = ", ".join(keys[:NAMED]) + (", …" if len(keys) > NAMED else "")
    what = "1 key has" if len(keys) == 1 else f"{len(keys)} keys have"
    return f"{what} no effect here, or another: {named} ({command})"


def show_ledger_lines(show: Presenter, entries: Sequence[LedgerEntry]) -> None:
    """Show an entry a line."""
    for entry in entries:
        show.text(str(entry))


def show_ledger(show: Presenter, entries: Sequence[LedgerEntry]) -> None:
    """Show all of it as the result of a command."""
    show_ledger_lines(show, entries)
    if not entries:
        show.text("every key does here what the service does")
    show.result({"ledger": encode(tuple(entries))})
