"""``cicd prune``: room on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.store.upkeep.prune import Removable

USUAL_AGE = "30d"


@click.command(
    epilog="""\b
Examples:
  cicd prune --dry-run                      what is older than 30 days, and would go
  cicd prune --older-than 7d
  cicd prune --max-size 5GB                 the oldest goes first, until the rest fits
"""
)
@click.option("--older-than", metavar="AGE", help="Remove what is older: 12h, 7d, 2w (30d).")
@click.option("--max-size", metavar="SIZE", help="Remove the oldest until the rest fits: 5GB.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@shared_options
def prune(
    invocation: Invocation, *, older_than: str | None, max_size: str | None, dry_run: bool
) -> int:
    """
    Remove old logs, artifacts and caches, and the containers that dead runs left.

    Whatever runs, or can be resumed, retried or rolled back to, keeps all it needs: of each
    project, group and pipeline the newest execution stays, and the newest that succeeded.
    Without options, what is older than 30 days goes.
    """
    from cicd.build.cache.pruning import read_age, read_size, size_words, to_prune
    from cicd.cli.home.reaping import left_behind, reap
    from cicd.engine.clock import SystemClock
    from cicd.store.upkeep.usage import usage
    from cicd.wiring.kept import stores
    from cicd.wiring.machine import runners

    size = None if max_size is None else read_size(max_size)
    written = older_than or (USUAL_AGE if size is None else None)
    age = None if written is None else read_age(written)
    home = invocation.settings().home
    show = invocation.show
    if not (home / "state.db").exists():
        show.notice(f"nothing has run with the home {home} yet")
        show.result(_shape([], [], dry_run=dry_run))
        return ExitCode.SUCCEEDED
    now = SystemClock().now()
    with stores(home) as opened:
        records = opened.executions.list()
        taken = usage(home)
        counted = sum(taken.get(place, 0) for place in ("logs", "artifacts", "cache"))
        chosen = to_prune(
            opened.upkeep.removable(records, now),
            now=now,
            max_size=size,
            older_than=age,
            total=counted,
        )
        gone = chosen if dry_run else [each for each in chosen if each.remove()]
        runner = runners(home)
        sessions = left_behind(records, runner) if dry_run else reap(records, runner)
    words = "would be removed" if dry_run else "removed"
    for each in gone:
        show.text(
            f"{each.kind:<8}  {size_words(each.size):>8}  {each.created_at:%Y-%m-%d}  {each.name}"
        )
    for session in sessions:
        show.text(f"session   {session}")
    total = size_words(sum(each.size for each in gone))
    counts = [f"{_counted(len(gone), 'entry', 'entries')} of {total}"] if gone else []
    counts += [_counted(len(sessions), "session", "sessions")] if sessions else []
    show.notice(f"{' and '.join(counts) or 'nothing'} {words}", Level.SUCCESS)
    left = counted - sum(each.size for each in gone)
    if size is not None and left > size:
        show.notice(
            f"{size_words(left)} stay: what runs, or can be resumed, retried or rolled back to,"
            " needs them",
            Level.WARNING,
        )
    show.result(_shape(gone, sessions, dry_run=dry_run))
    return ExitCode.SUCCEEDED


def _shape(gone: Iterable[Removable], sessions: list[str], *, dry_run: bool) -> JSON:
    removed: list[JSON] = [
        {
            "kind": each.kind,
            "name": each.name,
            "size": each.size,
            "created": each.created_at.isoformat(),
        }
        for each in gone
    ]
    return {
        "dryRun": dry_run,
        "removed": removed,
        "sessions": [*sessions],
        "size": sum(each.size for each in gone),
    }


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
