"""What may go from a home, and taking it away: logs, artifacts and caches, the oldest first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cicd.record import dataclass
from cicd.store.upkeep.wanted import forgettable, settled_before, spoken_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cicd.ports import CacheStore, ExecutionRecord
    from cicd.store.artifacts import ArtifactFiles
    from cicd.store.database import Database
    from cicd.store.log_files import LogFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Removable:
    """One thing that may go."""

    kind: str  # "log", "artifact", "cache"
    name: str  # a stream, a digest, a cache's id
    size: int  # bytes
    created_at: datetime
    remove: Callable[[], bool]  # False: somebody uses it now, and it stays


class Upkeep:
    """The stores of one home, as what may be taken out of them."""

    def __init__(
        self, database: Database, logs: LogFiles, artifacts: ArtifactFiles, caches: CacheStore
    ) -> None:
        """Look at these; nothing is read yet."""
        self._database = database
        self._logs = logs
        self._artifacts = artifacts
        self._caches = caches

    def removable(self, records: Sequence[ExecutionRecord], now: datetime) -> list[Removable]:
        """Give all that nobody needs; ``records`` are all executions, the newest first."""
        gone = forgettable(records)
        return [
            *self._old_logs(gone),
            *self._old_artifacts(records, gone, now),
            *self._all_caches(),
        ]

    def _old_logs(self, gone: Sequence[ExecutionRecord]) -> list[Removable]:
        found = []
        for record in gone:
            path = self._logs.path(record.stream)
            with suppress(FileNotFoundError):
                found.append(
                    Removable(
                        kind="log",
                        name=record.stream,
                        size=path.stat().st_blocks * 512,
                        created_at=record.updated_at,
                        remove=partial(_unlink, path),
                    )
                )
        return found

    def _old_artifacts(
        self, records: Sequence[ExecutionRecord], gone: Sequence[ExecutionRecord], now: datetime
    ) -> list[Removable]:
        # Listed before the events are read: what comes later is not in the list.
        kept = self._artifacts.all()
        before = settled_before(records, now)
        wanted = spoken_of(self._database, {record.stream for record in gone})
        found = []
        for digest, path in kept.items():
            if digest in wanted:
                continue
            with suppress(FileNotFoundError):
                status = path.stat()
                at = datetime.fromtimestamp(status.st_mtime, UTC)
                if at < before:
                    found.append(
                        Removable(
                            kind="artifact",
                            name=digest,
                            size=status.st_blocks * 512,
                            created_at=at,
                            remove=partial(
                                self._artifacts.remove, digest, unless_since=before.timestamp()
                            ),
                        )
                    )
        return found

    def _all_caches(self) -> list[Removable]:
        return [
            Removable(
                kind="cache",
                name=entry.id,
                size=entry.size,
                created_at=entry.created_at,
                remove=partial(self._caches.remove, entry),
            )
            for entry in self._caches.measured()
        ]


def _unlink(path: Path) -> bool:
    path.unlink(missing_ok=True)  # who removed it meanwhile did the same
    return True
