"""Artifacts that go by themselves: what the settings say of their age and size, kept to."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from cicd.errors import CicdError
from cicd.ports import Level

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cicd.cli.show import Presenter
    from cicd.ports import Services
    from cicd.settings import Settings

_STAMP = "artifacts-looked-at"


def keep_to_limits(settings: Settings, services: Services, show: Presenter) -> None:
    """
    Remove the oldest artifacts beyond ``artifact_max_age`` and ``artifact_max_size``.

    Those stay that ``cicd prune`` would leave: of whatever runs, and of the newest executions,
    which are resumed, retried and rolled back to. What is kept is looked at once an hour.
    Never raises: a run is not to fail by it.
    """
    if settings.artifact_max_age is None and settings.artifact_max_size is None:
        return
    try:
        _keep(settings, services, show)
    except CicdError as problem:
        show.notice(f"old artifacts stay: {problem.message}", Level.WARNING)


def _keep(settings: Settings, services: Services, show: Presenter) -> None:
    from cicd.build.cache.pruning import read_age, read_size, size_words
    from cicd.pipeline.stored import to_remove
    from cicd.store.upkeep.wanted import FRESH, forgettable, settled_before, spoken_of
    from cicd.wiring.kept import stores

    now = services.clock.now()
    stamp = services.home / _STAMP
    with suppress(OSError):
        if 0 <= now.timestamp() - stamp.stat().st_mtime < FRESH.total_seconds():
            return
    age, size = settings.artifact_max_age, settings.artifact_max_size
    beyond = partial(
        to_remove,
        services.artifacts.kept(),
        now=now,
        max_size=None if size is None else read_size(size),
        older_than=None if age is None else read_age(age),
    )
    _touch(stamp, now)
    if not beyond(spared=()):
        return
    records = services.executions.list()
    before = settled_before(records, now)
    with stores(services.home) as opened:
        wanted = spoken_of(opened.database, {each.stream for each in forgettable(records)})
    gone = [
        each
        for each in beyond(spared=wanted)
        if services.artifacts.remove(each.digest, unless_since=before.timestamp())
    ]
    if gone:
        total = size_words(sum(each.size for each in gone))
        show.notice(f"{len(gone)} old artifact(s) removed, {total}: as the settings say")


def _touch(stamp: Path, now: datetime) -> None:
    with suppress(OSError):
        stamp.touch()
        os.utime(stamp, (now.timestamp(), now.timestamp()))
