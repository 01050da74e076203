"""``cicd state``: a copy of the home, a home out of a copy, and whether it is sound."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.options import shared_options
from cicd.errors import Conflict, ExitCode, Unavailable, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd state check
  cicd state backup ../app-cicd.tar.gz       while builds run, too
  cicd state restore ../app-cicd.tar.gz
""",
)
def state() -> None:
    """Check the home, back it up, or make it anew out of a backup."""


@state.command(epilog="\b\nExample:\n  cicd state check\n")
@shared_options
def check(invocation: Invocation) -> int:
    """Read all of the home, and say what is damaged; nothing is changed."""
    from cicd.store.upkeep.soundness import faults
    from cicd.wiring.kept import stores

    home = _home(invocation)
    with stores(home) as opened:
        found = faults(opened.database, opened.artifacts, opened.caches)
    for fault in found:
        invocation.show.text(fault, Level.FAILURE)
    if found:
        invocation.show.notice(
            "'cicd state restore --replace' brings a backup back", Level.WARNING
        )
    else:
        invocation.show.text(f"{home} is sound", Level.SUCCESS)
    invocation.show.result({"home": str(home), "faults": [*found]})
    return ExitCode.FAILED if found else ExitCode.SUCCEEDED


@state.command(epilog="\b\nExample:\n  cicd state backup ../app-cicd.tar.gz\n")
@click.argument("file", type=_FILE)
@shared_options
def backup(invocation: Invocation, *, file: Path) -> int:
    """Write state, logs, artifacts, settings and sealed secrets into FILE; builds may run."""
    from cicd.build.cache.pruning import size_words
    from cicd.engine.clock import SystemClock
    from cicd.store.upkeep.backup import back_up
    from cicd.wiring.kept import stores

    home = _home(invocation)
    with stores(home) as opened:
        size = back_up(home, opened.database, file, at=SystemClock().now())
    invocation.show.text(f"{file}: {size_words(size)}", Level.SUCCESS)
    invocation.show.result({"file": str(file), "size": size})
    return ExitCode.SUCCEEDED


@state.command(
    epilog="""\b
Examples:
  cicd state restore ../app-cicd.tar.gz
  cicd state restore ../app-cicd.tar.gz --replace    what is there goes aside
"""
)
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Move a state that is there aside, whole.")
@shared_options
def restore(invocation: Invocation, *, file: Path, replace: bool) -> int:
    """Make the home out of FILE, which 'cicd state backup' wrote."""
    from cicd.store.upkeep.backup import restore as put_back
    from cicd.wiring.kept import stores

    home = invocation.settings().home
    if (home / "state.db").exists() and replace:
        running: list[str] = []
        # A state that cannot be read is what a backup is for; nothing can be driven by it.
        with suppress(Unavailable), stores(home) as opened:
            running = [each.stream for each in opened.executions.list() if each.driven]
        if running:
            raise Conflict(
                f"'{running[0]}' runs in this home", hint="wait for it, or stop it, then restore"
            )
    aside = put_back(file, home, replace=replace)
    invocation.show.text(f"{home} is as {file} has it", Level.SUCCESS)
    if aside is not None:
        invocation.show.text(f"what was there before is in {aside}")
    invocation.show.result({"home": str(home), "before": None if aside is None else str(aside)})
    return ExitCode.SUCCEEDED


def _home(invocation: Invocation) -> Path:
    home = invocation.settings().home
    if not (home / "state.db").exists():
        raise UsageError(
            f"nothing has run with the home '{home}' yet",
            hint="name another one with --home, or run 'cicd build'",
        )
    return home
