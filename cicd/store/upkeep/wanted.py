"""Which executions somebody may still need, and which artifacts those that stay speak of."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from cicd.ports import ExecutionRecord
    from cicd.store.database import Database

UNFINISHED = frozenset(
    ("IN_PROGRESS", "InProgress", "RUNNING", "Created", "Queued", "Ready", "Baking", "Stopping")
)
FRESH: Final = timedelta(hours=1)
"""An artifact that is younger may be of something that has not written it down yet."""
_GOOD = frozenset(("SUCCEEDED", "Succeeded"))
_DIGEST = re.compile("[0-9a-f]{64}")


def forgettable(records: Iterable[ExecutionRecord]) -> list[ExecutionRecord]:
    """
    Give the executions whose logs and artifacts nobody needs any more.

    Those stay that run or can be resumed, the newest of each name, which is what is retried,
    and the newest one that succeeded, which is what is rolled back to; and with each, what it
    began, and what began it.

    Args:
        records: All executions, the newest first.

    """
    every = list(records)
    newest: set[tuple[str, str, bool]] = set()
    kept: set[str] = set()
    for record in every:
        marks = {(record.kind, record.name, good) for good in {False, record.status in _GOOD}}
        if record.status in UNFINISHED or record.driven or marks - newest:
            kept.add(record.stream)
        newest |= marks
    parents = {each.stream: "/".join((each.parent or "").split("/", 2)[:2]) for each in every}
    roots = {stream: _root(stream, parents) for stream in parents}
    wanted = {roots[stream] for stream in kept}
    return [each for each in every if roots[each.stream] not in wanted]


def settled_before(
    records: Iterable[ExecutionRecord], now: datetime, *, fresh: timedelta = FRESH
) -> datetime:
    """
    Give the moment before which artifacts are spoken of by whatever needs them.

    Args:
        records: All executions.
        now: The present.
        fresh: What is younger stays, whether anything runs or not.

    """
    running = [each.created_at for each in records if each.status in UNFINISHED]
    return min([now - fresh, *running])


def _root(stream: str, parents: Mapping[str, str]) -> str:
    """Give what began what began a stream, and so on."""
    while parent := parents.get(stream):
        stream = parent
    return stream


def spoken_of(database: Database, forgotten: Collection[str]) -> frozenset[str]:
    """Give every digest in the events of all streams but the forgotten ones."""
    found: set[str] = set()
    streams = database.rows("SELECT DISTINCT stream FROM events")
    for (stream,) in cast("list[tuple[str]]", streams):
        if stream in forgotten:
            continue
        rows = database.rows("SELECT data FROM events WHERE stream = ?", (stream,))
        for (data,) in cast("list[tuple[str]]", rows):
            found.update(_DIGEST.findall(data))
    return frozenset(found)
