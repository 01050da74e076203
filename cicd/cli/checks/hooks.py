"""``cicd hooks``: the pre-push hook, put in and taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.options import shared_options
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.repos.hooks import HookPlace


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd hooks install      every git push runs cicd check first
  cicd hooks status       what is there
  cicd hooks uninstall    as it was before
""",
)
def hooks() -> None:
    """Put cicd check before every git push, or take it away."""


@hooks.command(
    epilog="""\b
Examples:
  cicd hooks install
  cicd hooks install --shared    where core.hooksPath serves other repositories, too
"""
)
@click.option(
    "--shared", is_flag=True, help="Even where core.hooksPath serves other repositories, too."
)
@shared_options
def install(invocation: Invocation, *, shared: bool) -> int:
    """Have every git push checked; a pre-push hook that is there stays, and runs first."""
    from cicd.cli.checks.pushes import repository_here
    from cicd.repos.hooks import install_hook

    place = install_hook(repository_here(), shared=shared)
    invocation.show.text(f"every git push runs 'cicd check' now: {place.path}", Level.SUCCESS)
    _tell_of_chain(invocation, place)
    if place.directory.parts[-2:] == (".husky", "_"):
        invocation.show.notice(
            "husky writes this directory anew whenever packages are installed; what lasts is a "
            'line in .husky/pre-push: cicd check --stdin --remote "$1"',
            Level.WARNING,
        )
    invocation.show.result(_as_json(place))
    return ExitCode.SUCCEEDED


@hooks.command(epilog="\b\nExample:\n  cicd hooks uninstall\n")
@shared_options
def uninstall(invocation: Invocation) -> int:
    """Take the hook away, and put back the one that was there before."""
    from cicd.cli.checks.pushes import repository_here
    from cicd.repos.hooks import hook_place, uninstall_hook

    repository = repository_here()
    before = hook_place(repository)
    place = uninstall_hook(repository)
    if before.chained:
        said = f"{place.path} is the one from before again"
    elif before.installed:
        said = f"{place.path} is gone: git push checks nothing"
    else:
        said = "there was no hook of cicd's"
    invocation.show.text(said, Level.SUCCESS)
    invocation.show.result(_as_json(place))
    return ExitCode.SUCCEEDED


@hooks.command(epilog="\b\nExample:\n  cicd hooks status || cicd hooks install\n")
@shared_options
def status(invocation: Invocation) -> int:
    """Say whether git push is checked here, and what else is in the hook."""
    from cicd.cli.checks.pushes import repository_here
    from cicd.repos.hooks import hook_place

    place = hook_place(repository_here())
    show = invocation.show
    if place.installed:
        show.text(f"every git push runs 'cicd check': {place.path}", Level.SUCCESS)
        if not place.current:
            show.notice("another cicd wrote it: 'cicd hooks install' renews it", Level.WARNING)
    elif place.foreign:
        show.text(f"{place.path} is not ours; 'cicd hooks install' would run it first")
    else:
        show.text("git push checks nothing here; 'cicd hooks install' changes that")
    if place.shared:
        show.text(f"core.hooksPath is {place.directory}, which serves other repositories, too")
    _tell_of_chain(invocation, place)
    show.result(_as_json(place))
    return ExitCode.SUCCEEDED if place.installed else ExitCode.FAILED


def _tell_of_chain(invocation: Invocation, place: HookPlace) -> None:
    from cicd.repos.hooks import BEFORE

    if place.chained:
        invocation.show.text(f"the hook from before runs first: {place.directory / BEFORE}")


def _as_json(place: HookPlace) -> dict[str, str | bool]:
    return {
        "path": str(place.path),
        "installed": place.installed,
        "current": place.current,
        "foreign": place.foreign,
        "chained": place.chained,
        "shared": place.shared,
    }
