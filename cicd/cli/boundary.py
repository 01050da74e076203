"""The command line as click reads it; what click refuses is refused in our words."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from cicd.cli.ending import ended, tell
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# click's words → ours
_WORDS = {
    "is not a valid integer range": "is not a whole number",
    "is not a valid float range": "is not a number",
    "is not a valid integer": "is not a whole number",
}
# An argument that is one of some words has those for its name, and they are said behind, too.
_CHOICES = re.compile(r"^'\{[^}]*\}': ")
# what other tools call our options
_OTHERS_SAY = {"--dry-run": "--plan", "--dryrun": "--plan"}


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run ``command`` and return its exit status; no exception leaves."""
    asked = list(arguments)
    return ended(lambda: _carried_out(command, asked), asked)


def _carried_out(command: click.Command, asked: list[str]) -> int | None:
    written_to = sys.stdout
    try:
        status: int | None = command.main(asked, prog_name="cicd", standalone_mode=False)
    except click.exceptions.Abort as abort:
        # click takes any end of a file for Ctrl-D; outside of a prompt it is a fault, told as one.
        if isinstance(abort.__cause__, EOFError):
            raise abort.__cause__ from None
        return ExitCode.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as wanted:
        tell(wanted.format_message())
        return ExitCode.USAGE
    except click.ClickException as failure:
        raise _misused(failure) from failure
    except SystemExit as left:
        # Click's own end, where nobody reads any more: it has then put something before standard
        # output. Nothing of ours ends a process.
        if sys.stdout is not written_to:
            raise BrokenPipeError from left
        raise RuntimeError("what was loaded ends the process") from left
    return status


def _misused(failure: click.ClickException) -> UsageError:
    context = failure.ctx if isinstance(failure, click.UsageError) else None
    hint = f"'{context.command_path} --help' shows how it is used" if context else None
    near = getattr(failure, "possibilities", None) or _elsewhere(failure, context)
    if near:
        hint = f"did you mean {' or '.join(repr(name) for name in sorted(near))}?"
    message = failure.format_message().rstrip(".")
    message = message.removeprefix("Invalid value for ").removeprefix("Invalid value: ")
    message = _CHOICES.sub("", message)
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    if near:
        # Click says it, too: alone as a sentence, several in brackets, older versions otherwise.
        for theirs in (" Did you mean", " (Did you mean", " (Possible"):
            message = message.partition(theirs)[0]
        message = message.rstrip(".")
    return UsageError(message, hint=hint)


def _elsewhere(failure: click.ClickException, context: click.Context | None) -> list[str]:
    """Give the option that does here what other tools call otherwise."""
    wanted = _OTHERS_SAY.get(getattr(failure, "option_name", ""))
    if wanted is None or context is None:
        return []
    known = {name for parameter in context.command.params for name in parameter.opts}
    return [wanted] if wanted in known else []
