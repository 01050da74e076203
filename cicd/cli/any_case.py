"""Words of AWS, which may be typed in any case and are shown in AWS's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


class AnyCase(click.Choice[str]):
    """One of some words; click itself would show them in small letters."""

    def __init__(self, words: Iterable[str]) -> None:
        """Know the words, spelled as AWS does."""
        super().__init__(tuple(words), case_sensitive=False)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Give the words as they are spelled."""
        del param, ctx
        return f"[{'|'.join(self.choices)}]"

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Say what may be typed."""
        del ctx
        return f"'{value}' is not one of {', '.join(self.choices)}"
