"""Words in, words out: the command line. What a hook of git asks has a way in of its own."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    import gc

    # Collecting at every 700 new objects takes a tenth of the time of importing, and finds
    # nothing: a run of ours makes little garbage.
    gc.set_threshold(50_000)

    raise SystemExit(_carried_out(list(sys.argv[1:] if arguments is None else arguments)))


def _carried_out(asked: list[str]) -> int:
    match asked:
        case ["check", "--stdin", "--remote", remote]:
            # Before every push: what reads all other lines takes longer to load than this does.
            from cicd.cli.checks.before_push import before_push
            from cicd.cli.ending import ended

            return ended(lambda: before_push(remote), asked)
        case [] if shell := os.environ.get("_CICD_COMPLETE"):
            from cicd.cli.completion import answer
            from cicd.cli.ending import ended

            return ended(lambda: answer(shell), asked)
    from cicd.cli.boundary import run
    from cicd.cli.commands import cicd

    return run(cicd, asked)


def program() -> NoReturn:
    """
    Be the program: run the command line, and end the process with its status.

    Everything is closed by then, and Python's own farewell to each of its objects takes longer
    than some commands do.
    """
    try:
        main()
    except SystemExit as end:
        status = end.code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it has gone
            stream.flush()
    os._exit(int(status or 0))
