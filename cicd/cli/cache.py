"""``cicd cache``: what builds have left for those after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.ports import CacheEntry

LAYERS = "layers:"  # begins the ids of what nested engines keep


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd cache list
  cicd cache rm 3f2a               an id, or its beginning
  cicd cache rm layers:app         Docker layers of the builds of app
  cicd cache prune --max-size 1GB --older-than 7d --dry-run
""",
)
def cache() -> None:
    """Look at the caches of builds, or remove them."""


@cache.command("list", epilog="\b\nExample:\n  cicd cache list\n")
@shared_options
def list_caches(invocation: Invocation) -> int:
    """List caches, the newest first; files that several hold are on the disk once."""
    from cicd.backends.docker_layers import layers_of
    from cicd.build.cache.pruning import size_words

    layers = layers_of(invocation.settings().home)
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
        ]
        + [
            (f"{LAYERS}{kept.project}", kept.project, "-", "-", "-", local_time(kept.used))
            for kept in layers
        ],
    )
    if entries or not layers:
        known = f"{size_words(total)} in all"
        show.notice(known if entries else "no build has saved a cache yet")
    if layers:
        show.notice("layers are in the Docker engine: 'docker system df --verbose' has their size")
    names: list[JSON] = [kept.project for kept in layers]
    show.result({"caches": _shapes(entries), "size": total, "layers": names})
    return ExitCode.SUCCEEDED


@cache.command(
    "rm", epilog="\b\nExample:\n  cicd cache rm 3f2a 77c1        ids, or their beginnings\n"
)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@shared_options
def remove(invocation: Invocation, *, ids: tuple[str, ...]) -> int:
    """Remove caches by their ids."""
    layers = [each.removeprefix(LAYERS) for each in ids if each.startswith(LAYERS)]
    with invocation.services() as services:
        entries = services.caches.entries()
        others = (_find(entries, each) for each in ids if not each.startswith(LAYERS))
        chosen = {entry.id: entry for entry in others}
        gone = _remove_layers(invocation, dict.fromkeys(layers))
        return _remove(invocation, chosen.values(), services.caches.remove, gone)


@cache.command(
    epilog="\b\nExample:\n  cicd cache prune --max-size 1GB --older-than 7d --dry-run\n"
)
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


def _remove_layers(invocation: Invocation, projects: Iterable[str]) -> list[str]:
    """Remove the layers of these projects, and say whose have gone."""
    from cicd.backends.docker_layers import layers_of, remove_layers

    home = invocation.settings().home
    known = {kept.project for kept in layers_of(home)}
    for project in projects:
        if project not in known:
            raise UsageError(
                f"no Docker layers of '{project}' are kept",
                hint="'cicd cache list' shows what is there",
            )
    gone = []
    for project in projects:
        if remove_layers(project, home):
            gone.append(project)
        else:
            invocation.show.notice(f"{LAYERS}{project} stays: a build uses it now", Level.WARNING)
    return gone


def _remove(
    invocation: Invocation,
    chosen: Iterable[CacheEntry],
    remove: Callable[[CacheEntry], bool],
    layers: Sequence[str] = (),
) -> int:
    gone = []
    for entry in chosen:
        if remove(entry):
            gone.append(entry)
        else:
            invocation.show.notice(f"{entry.id} stays: a build uses it now", Level.WARNING)
    return _said(invocation, gone, "removed", layers)


def _said(
    invocation: Invocation, entries: list[CacheEntry], words: str, layers: Sequence[str] = ()
) -> int:
    from cicd.build.cache.pruning import size_words

    show = invocation.show
    for entry in entries:
        show.text(f"{entry.id}  {entry.name}  {size_words(entry.size)}  {words}")
    for project in layers:
        show.text(f"{LAYERS}{project}  {words}")
    total = sum(entry.size for entry in entries)
    if entries or not layers:
        show.notice(f"{len(entries)} cache(s), {size_words(total)}, {words}")
    names: list[JSON] = [*layers]
    show.result({"caches": _shapes(entries), "size": total, "what": words, "layers": names})
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
