"""The one place where an exception becomes a message and an exit status."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from cicd.errors import CicdError, DocumentError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.event import JSON


def run(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run ``command`` and return its exit status; no exception leaves."""
    asked = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = command.main(asked, prog_name="cicd", standalone_mode=False)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except click.ClickException as failure:
        return _misused(failure, asked)
    except BrokenPipeError:
        # The reader has gone (``| head``); Python must not try to flush again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except DocumentError as failure:
        _show_problems(failure, asked)
        return failure.exit_code
    except CicdError as failure:
        _show(asked, failure.message, failure.hint, failure.exit_code)
        return failure.exit_code
    except Exception as failure:  # noqa: BLE001 - the last line: a bug becomes a crash report
        return _crashed(failure, asked)
    return int(status or 0)


def _misused(failure: click.ClickException, asked: Sequence[str]) -> ExitCode:
    context = failure.ctx if isinstance(failure, click.UsageError) else None
    hint = f"'{context.command_path} --help' shows how it is used" if context else None
    near = getattr(failure, "possibilities", None)
    if near:
        hint = f"did you mean {' or '.join(repr(name) for name in sorted(near))}?"
    message = failure.format_message().rstrip(".")
    if near:
        message = message.split(" Did you mean")[0].split(" (Possible")[0].rstrip(".")
    _show(asked, message, hint, ExitCode.USAGE)
    return ExitCode.USAGE


def _show(asked: Sequence[str], message: str, hint: str | None, code: ExitCode) -> None:
    if _wants_json(asked):
        _json({"error": {"message": message, "hint": hint, "exitCode": int(code)}})
        return
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(message, err=True)
    if hint:
        click.secho("hint: ", fg="cyan", nl=False, err=True)
        click.echo(hint, err=True)


def _show_problems(failure: DocumentError, asked: Sequence[str]) -> None:
    from cicd.cli.show.problems import as_json, render

    if _wants_json(asked):
        _json({"problems": as_json(failure.problems), "exitCode": int(failure.exit_code)})
        return
    click.echo(render(failure.problems, colour=_coloured()), err=True)


def _crashed(failure: Exception, asked: Sequence[str]) -> ExitCode:
    import tempfile
    import traceback

    from cicd import __version__

    handle, path = tempfile.mkstemp(prefix="cicd-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as report:
        report.write(f"cicd {__version__}, Python {sys.version}\n")
        report.write("".join(traceback.format_exception(failure)))
    _show(
        asked,
        f"a bug in cicd: {type(failure).__name__}",
        f"a report without your command line or environment was written to {path}",
        ExitCode.BUG,
    )
    return ExitCode.BUG


def _wants_json(asked: Sequence[str]) -> bool:
    """Tell whether JSON was asked for, even on a line that could not be parsed."""
    if any(word == "--output" or word.startswith("--output=") for word in asked):
        return "--output=json" in asked or ("--output", "json") in pairwise(asked)
    return os.environ.get("CICD_OUTPUT") == "json"


def _json(value: JSON) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False))


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
