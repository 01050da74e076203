"""How a value that must not be shown comes in: typed unseen, piped, or out of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from cicd.errors import UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.cli.show import Presenter

F = TypeVar("F", bound="Callable[..., object]")

SOURCES = """\b
The value is asked for without showing it; or it comes from
  -            standard input, less the line end behind it
  --file FILE  a file, to its last byte
"""


def value_options(function: F) -> F:
    """Give a command VALUE, --file and --value, which ``read_value`` takes."""
    for option in (
        click.option("--value", metavar="TEXT", help="Here and now: your shell remembers it."),
        click.option(
            "--file",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            help="The content of a file.",
        ),
        click.argument("word", metavar="[-]", required=False),
    ):
        function = option(function)
    return function


def read_value(
    what: str, *, word: str | None, file: Path | None, value: str | None, show: Presenter
) -> str:
    """Give the value of ``what`` from the one place that was named; raises UsageError."""
    if sum(each is not None for each in (word, file, value)) > 1:
        raise UsageError(
            f"the value of {what} comes from two places",
            hint="name one of -, --file and --value",
        )
    if word is not None and word != "-":
        raise UsageError(
            f"the value of {what} stands on the command line, where your shell remembers it",
            hint="leave it out to be asked for it, or give it by - or --file; "
            "--value takes it nevertheless",
        )
    if value is not None:
        show.notice("your shell's history now holds that value", Level.WARNING)
        return value
    if file is not None:
        return _text(_bytes_of(file), str(file))
    if word == "-":
        text = _text(sys.stdin.buffer.read(), "standard input")
        return text.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise UsageError(
            f"there is no terminal to ask for the value of {what}",
            hint="give it on standard input with -, or by --file",
        )
    return str(
        click.prompt(f"Value of {what}", hide_input=True, confirmation_prompt=True, err=True)
    )


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask before something is lost; raises UsageError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            f"there is no terminal to ask: {question}", hint="--yes answers beforehand"
        )
    return click.confirm(question, err=True)


def say_value(value: str) -> None:
    """Print a value as it is, and a line end if it has none."""
    click.echo(value, nl=not value.endswith("\n"))


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path} is not there", hint="look at the path of the file") from None


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where} is not UTF-8 at byte {error.start}",
            hint="a build takes values that are text; encode it, in base64 say",
        ) from None
