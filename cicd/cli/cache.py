"""``cicd cache``: what builds have left for those after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.ports import CacheEntry


@click.group(
    epilog="""\b
Examples:
  cicd cache list
  cicd cache rm 3f2a               an id, or its beginning
  cicd cache prune --max-size 1GB --older-than 7d --dry-run
"""
)
def cache() -> None:
    """Look at the caches of builds, or remove them."""


@cache.command("list")
@shared_options
def list_caches(invocation: Invocation) -> int:
    """List caches, the newest first; files that several hold are on the disk once."""
    from cicd.build.cache.pruning import size_words

    with invocation.services() as services:
        entries = services.caches.entries()
        total = sum(entry.size for entry in services.caches.measured())
    show = invocation.show
    show.table(
        ("CACHE", "PROJECT", "KEY", "FILES", "SIZE", "SAVED"),
        [
            (
                entry.id,
                entry.name,
                entry.key or "-",
                str(entry.files),
                size_words(entry.size),
                local_time(entry.created_at),
            )
            for entry in entries
        ],
    )
    show.notice(f"{size_words(total)} in all" if entries else "no build has saved a cache yet")
    show.result({"caches": _shapes(entries), "size": total})
    return ExitCode.SUCCEEDED


@cache.command("rm")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@shared_options
def remove(invocation: Invocation, *, ids: tuple[str, ...]) -> int:
    """Remove caches by their ids."""
    with invocation.services() as services:
        entries = services.caches.entries()
        chosen = {entry.id: entry for entry in (_find(entries, each) for each in ids)}
        return _remove(invocation, chosen.values(), services.caches.remove)


@cache.command()
@click.option("--max-size", metavar="SIZE", help="Keep the newest that fit: 500MB, 1GB.")
@click.option("--older-than", metavar="AGE", help="Remove what is older: 12h, 7d, 2w.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@shared_options
def prune(
    invocation: Invocation, *, max_size: str | None, older_than: str | None, dry_run: bool
) -> int:
    """Remove the oldest caches."""
    from cicd.build.cache.pruning import read_age, read_size, to_prune

    if max_size is None and older_than is None:
        raise UsageError(
            "nothing says how much may stay", hint="give --max-size 1GB or --older-than 7d"
        )
    size = None if max_size is None else read_size(max_size)
    age = None if older_than is None else read_age(older_than)
    with invocation.services() as services:
        now = services.clock.now()
        entries = services.caches.measured()
        chosen = to_prune(entries, now=now, max_size=size, older_than=age)
        if dry_run:
            return _said(invocation, chosen, "would be removed")
        return _remove(invocation, chosen, services.caches.remove)


def _find(entries: Iterable[CacheEntry], written: str) -> CacheEntry:
    found = [entry for entry in entries if entry.id.startswith(written)]
    if len(found) != 1:
        words = "there is no cache" if not found else "several caches are"
        raise UsageError(f"{words} '{written}'", hint="'cicd cache list' shows their ids")
    return found[0]


def _remove(
    invocation: Invocation, chosen: Iterable[CacheEntry], remove: Callable[[CacheEntry], bool]
) -> int:
    gone = []
    for entry in chosen:
        if remove(entry):
            gone.append(entry)
        else:
            invocation.show.notice(f"{entry.id} stays: a build uses it now", Level.WARNING)
    return _said(invocation, gone, "removed")


def _said(invocation: Invocation, entries: list[CacheEntry], words: str) -> int:
    from cicd.build.cache.pruning import size_words

    show = invocation.show
    for entry in entries:
        show.text(f"{entry.id}  {entry.name}  {size_words(entry.size)}  {words}")
    total = sum(entry.size for entry in entries)
    show.notice(f"{len(entries)} cache(s), {size_words(total)}, {words}")
    show.result({"caches": _shapes(entries), "size": total, "what": words})
    return ExitCode.SUCCEEDED


def _shapes(entries: Iterable[CacheEntry]) -> list[JSON]:
    return [
        {
            "id": entry.id,
            "project": entry.name,
            "key": entry.key,
            "files": entry.files,
            "size": entry.size,
            "created": entry.created_at.isoformat(),
        }
        for entry in entries
    ]
