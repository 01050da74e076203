"""``cicd function invoke`` and ``logs``: what a function answers, and what it has logged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.offers import names
from cicd.cli.options import shared_options
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation


@click.command(
    epilog='\b\nExample:\n  cicd function invoke greet --payload \'{"name": "Ada"}\' --log\n'
    "\nExit status: 0 it answered, 1 it raised, timed out, or ended.\n"
)
@click.argument("name", shell_complete=names("function"))
@click.option(
    "--payload", default="", metavar="JSON|@FILE|-", help="The event; - is standard input ({})."
)
@click.option("--qualifier", default="", metavar="VERSION|ALIAS", help="Which ($LATEST).")
@click.option("--log", "with_log", is_flag=True, help="Show what it printed.")
@shared_options
def invoke(
    invocation: Invocation, *, name: str, payload: str, qualifier: str, with_log: bool
) -> int:
    """Invoke a function, and print what it answers."""
    from cicd.functions.run import Functions

    event = _payload(payload)
    with invocation.services() as services:
        services.cancel.on_cancel(services.functions.close)  # nobody waits for its answer
        functions = Functions(services)
        done = functions.invoke(functions.prepare(name, qualifier=qualifier, payload=event))
    if with_log:
        for line in done.answer.log.splitlines():
            invocation.show.notice(line)
    answered = done.answer.payload.decode("utf-8", "replace")
    invocation.show.text(answered, Level.FAILURE if done.answer.error else Level.INFO)
    invocation.show.result(
        {
            "StatusCode": 200,
            **({"FunctionError": done.answer.error} if done.answer.error else {}),
            "ExecutedVersion": done.version,
            "Payload": answered,
        }
    )
    return ExitCode.FAILED if done.answer.error else ExitCode.SUCCEEDED


@click.command(epilog="\b\nExample:\n  cicd function logs greet\n")
@click.argument("name", shell_complete=names("function"))
@shared_options
def logs(invocation: Invocation, *, name: str) -> int:
    """Print what a function's invocations have logged, the oldest first."""
    from cicd.functions.run import Functions, stream_of

    with invocation.services() as services:
        Functions(services).find(name)
        for _, line in services.logs.read(stream_of(name)):
            invocation.show.text(line.text)
    return ExitCode.SUCCEEDED


def _payload(word: str) -> bytes:
    if word == "-":
        return sys.stdin.buffer.read()
    if word.startswith("@"):
        path = Path(word[1:])
        if not path.is_file():
            raise UsageError(f"there is no file '{path}'", hint="write --payload @FILE")
        return path.read_bytes()
    return word.encode()
