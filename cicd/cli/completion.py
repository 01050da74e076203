"""``cicd completion``, and the answer to a shell that completes."""

from __future__ import annotations

from contextlib import suppress

import click

from cicd.cli.shells import SHELLS, shell_named
from cicd.errors import ExitCode


@click.command(
    epilog="""\b
Examples:
  eval "$(cicd completion bash)"           in ~/.bashrc
  eval "$(cicd completion zsh)"            in ~/.zshrc, behind compinit
  cicd completion fish > ~/.config/fish/completions/cicd.fish

\b
Commands and options are completed, and what the home and cicd.yml know: the ids of
executions, and the names of projects, pipelines, groups, stages, instances and fleets.
"""
)
@click.argument("shell", type=click.Choice(tuple(SHELLS)))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete cicd's words."""
    click.echo(shell_named(shell).source())


def answer(instruction: str) -> int:
    """
    Print what a shell may put where the cursor is; nothing, where that cannot be known.

    Args:
        instruction: What the shell's script has set: the shell, and "_complete".

    """
    with suppress(Exception):  # somebody is typing: whatever is wrong is told by their command
        if found := shell_named(instruction.removesuffix("_complete")).complete():
            click.echo(found)
    return ExitCode.SUCCEEDED
