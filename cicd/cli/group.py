"""A command with commands below it, as all but the first and ``deploy``'s are."""

from __future__ import annotations

import click

WHOLE = 1000  # characters of a sentence


class Commands(click.Group):
    """A group whose help says of each command a whole sentence, in as many lines as it takes."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; click itself would cut their sentences off at the line's end."""
        below = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(WHOLE))
                    for name, command in below
                    if command is not None and not command.hidden
                ]
            )
