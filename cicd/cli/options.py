"""The options that every command shares, and the one object they become."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from cicd.cli.invocation import Invocation, check_directory
from cicd.errors import CicdError, UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

P = ParamSpec("P")

_FORMATS = ("human", "plain", "json")
_OUTPUT = click.option(
    "--output",
    type=click.Choice(_FORMATS),
    help="A live view, a line an event, or JSON lines ending in AWS's shape.",
)


class _Directory(click.Path):
    """A directory, and not where one happens to be because a variable was empty."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        if not str(value):
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


_HOME = click.option(
    "--home",
    type=_Directory(path_type=Path, file_okay=False),
    help="The state directory; else CICD_HOME, else '.cicd' of the repository.",
)
_JOBS = click.option(
    "--jobs", type=click.IntRange(1, 256), help="So many commands of an execution at once (8)."
)


def shared_options(
    function: Callable[Concatenate[Invocation, P], int],
) -> Callable[P, int]:
    """
    Give a command --output, --home and --jobs, and its function an ``Invocation`` first.

    The function returns the exit status; a signal's own status wins over it.
    """
    return _shared(function, _OUTPUT)


def report_options(
    *formats: str,
) -> Callable[[Callable[Concatenate[Invocation, P], int]], Callable[P, int]]:
    """
    Give a command what ``shared_options`` gives, and formats of its own for --output.

    The function finds the one that was asked for in ``Invocation.report``.
    """
    option = click.option(
        "--output",
        type=click.Choice((*_FORMATS, *formats)),
        help="For people, for logs, JSON lines, or a report for other programs.",
    )
    return lambda function: _shared(function, option)


def _shared(
    function: Callable[Concatenate[Invocation, P], int],
    output: Callable[[Callable[P, int]], Callable[P, int]],
) -> Callable[P, int]:
    @output
    @_HOME
    @_JOBS
    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> int:
        check_directory()
        flags = {name: kwargs.pop(name) for name in ("output", "home", "jobs")}
        invocation = Invocation(
            output=_text(flags["output"]), home=_text(flags["home"]), jobs=_number(flags["jobs"])
        )
        context = click.get_current_context()
        audited = invocation.audited(context.command_path, kwargs)

        def act() -> int:
            try:
                status = function(invocation, *args, **kwargs)
            except CicdError as problem:
                if audited is not None:
                    audited.refused(problem)
                raise
            if audited is not None:
                audited.ended()
            return status

        return invocation.carried_out(act)

    return wrapped


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def pair(value: str, what: str, option: str) -> tuple[str, str]:
    """Split "NAME=VALUE"; the value may hold further equals signs."""
    name, equals, rest = value.partition("=")
    if not equals or not name:
        raise UsageError(f"{option} '{value}' is not {what}", hint=f"write {option} {what}")
    return name, rest
