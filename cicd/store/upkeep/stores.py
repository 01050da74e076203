"""The stores of one home, open."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from cicd.record import dataclass
from cicd.store.artifacts import ArtifactFiles
from cicd.store.caches import CacheFiles
from cicd.store.database import Database
from cicd.store.executions import SqliteExecutionIndex
from cicd.store.log_files import LogFiles
from cicd.store.upkeep.prune import Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What looks after a home works with these; executions are run with ``Services``."""

    database: Database
    executions: SqliteExecutionIndex
    artifacts: ArtifactFiles
    caches: CacheFiles
    upkeep: Upkeep


@contextmanager
def open_stores(home: Path, clock: Clock) -> Iterator[Stores]:
    """Open the stores of a home that is there; raises ``Unavailable`` when they cannot be."""
    with closing(Database(home / "state.db")) as database:
        artifacts = ArtifactFiles(home / "artifacts")
        caches = CacheFiles(home, clock)
        yield Stores(
            database=database,
            executions=SqliteExecutionIndex(database),
            artifacts=artifacts,
            caches=caches,
            upkeep=Upkeep(database, LogFiles(home / "logs"), artifacts, caches),
        )
