"""``cicd completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from cicd.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="""\b
Examples:
  eval "$(cicd completion bash)"           in ~/.bashrc
  eval "$(cicd completion zsh)"            in ~/.zshrc
  cicd completion fish > ~/.config/fish/completions/cicd.fish
"""
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete cicd's words."""
    from cicd.cli.commands import cicd

    maker = get_completion_class(shell)
    if maker is None:
        raise UsageError(f"this version of click cannot complete for {shell}")
    click.echo(maker(cicd, {}, "cicd", "_CICD_COMPLETE").source())
