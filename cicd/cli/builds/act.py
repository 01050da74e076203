"""``cicd builds stop``, ``resume``, ``retry``, ``enter``: what is done about a build."""

from __future__ import annotations

import shlex
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.builds.find import find_build, status_of
from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.errors import Conflict, ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.cli.invocation import Invocation
    from cicd.ports import Services

_ENV_FILE = click.option(
    "--env-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="NAME=VALUE lines: what the build's secrets are looked up in.",
)


@click.command(epilog="\b\nExample:\n  cicd builds stop web:1b2c\n")
@click.argument("build_id", required=False, metavar="[ID]", shell_complete=ids("build"))
@shared_options
def stop(invocation: Invocation, *, build_id: str | None) -> int:
    """Stop a build; the newest if none is named."""
    from cicd.build.run import stop_build

    with invocation.services() as services:
        result = stop_build(find_build(services, build_id), services)
        if result.status == "IN_PROGRESS":
            invocation.show.text(f"{result.build_id} has been asked to stop")
        else:
            invocation.show.text(f"{result.build_id}  {result.status}")
        invocation.show.result(result.build)
    return ExitCode.SUCCEEDED


@click.command(
    epilog="""\b
Examples:
  cicd builds resume                the newest that has not ended
  cicd builds resume web:1b2c
"""
)
@click.argument("build_id", required=False, metavar="[ID]", shell_complete=ids("build"))
@_ENV_FILE
@shared_options
def resume(invocation: Invocation, *, build_id: str | None, env_file: Path | None) -> int:
    """Go on with a build that waits, or whose cicd died: lose and repeat nothing."""
    from cicd.build.debug.session import go_on

    with invocation.services(env_file=env_file) as services:
        stream = find_build(services, build_id)
        goes_on = status_of(services, stream) == "IN_PROGRESS"
        if not goes_on:
            invocation.show.notice(f"build {stream.partition('/')[2]} has ended already")
        waited = go_on(stream, services)
        return _drive_on(invocation, services, stream, elsewhere=waited, told=goes_on)


@click.command(
    epilog="""\b
Examples:
  cicd builds retry web:1b2c                  a new build like that one
  cicd builds retry web:1b2c --from BUILD:2   in a build that waits, from there on
  cicd builds retry web:1b2c --from here      the command that it waits at, again
"""
)
@click.argument("build_id", required=False, metavar="[ID]", shell_complete=ids("build"))
@click.option(
    "--from",
    "place",
    metavar="PHASE[:N]",
    help="Of a build that waits: run again from this command on, in the same session.",
)
@_ENV_FILE
@shared_options
def retry(
    invocation: Invocation, *, build_id: str | None, place: str | None, env_file: Path | None
) -> int:
    """
    Build once more: a new build like an old one; or, with --from, a part of one that waits.

    With --from the buildspec is read anew, its env too, and changed files of the source are laid
    over what is in the session. "--from here" is the command that it waits at.
    """
    from cicd.build.debug.session import go_back
    from cicd.build.run import retry_build
    from cicd.cli.show.build_end import conclude

    with invocation.services(env_file=env_file) as services:
        stream = find_build(services, build_id)
        if place is None:
            return conclude(invocation.show, retry_build(stream, services))
        at, laid = go_back(stream, None if place == "here" else place, services)
        files = f"{laid} changed file{'' if laid == 1 else 's'}"
        invocation.show.notice(f"from {at} on, with {files} of the source")
        return _drive_on(invocation, services, stream, elsewhere=True)


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  cicd builds enter web:1b2c              a shell
  cicd builds enter web:1b2c -- env       one command
""",
)
@click.argument("build_id", required=False, metavar="[ID]", shell_complete=ids("build"))
@click.argument("words", metavar="[-- COMMAND]", nargs=-1, type=click.UNPROCESSED)
@_ENV_FILE
@shared_options
def enter(
    invocation: Invocation, *, build_id: str | None, words: tuple[str, ...], env_file: Path | None
) -> int:
    """
    Open a shell in a build's session, where and as its next command would run.

    It is that of the newest build if none is named; COMMAND needs the build's ID before it.

    What you do to files stays; variables and the directory are your shell's own.
    "codebuild-resume" in it lets a build that waits go on. With COMMAND, run that instead.
    """
    from cicd.build.debug.session import enter_build

    command = words[0] if len(words) == 1 else shlex.join(words)
    with invocation.services(env_file=env_file) as services, _interrupts_pass():
        return enter_build(find_build(services, build_id), command, services)


def _drive_on(
    invocation: Invocation,
    services: Services,
    stream: str,
    *,
    elsewhere: bool,
    told: bool = True,
) -> ExitCode:
    """
    Drive a build here, unless its own cicd still does and was just told (``elsewhere``).

    ``told``: it has not ended before, so that its events are shown.
    """
    from cicd.build.run import resume_build
    from cicd.cli.show.build_end import conclude

    try:
        result = resume_build(stream, services)
    except Conflict:
        if not elsewhere:
            raise
        invocation.show.notice(
            f"build {stream.partition('/')[2]} goes on where it was started", Level.SUCCESS
        )
        return ExitCode.SUCCEEDED
    return conclude(invocation.show, result, told=told)


@contextmanager
def _interrupts_pass() -> Iterator[None]:
    """Let Ctrl-C be for the shell that is entered: a program that is started has it anew."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
