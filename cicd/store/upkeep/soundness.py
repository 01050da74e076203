"""Whether a home is whole: database, events in order, artifacts and caches byte by byte."""

from __future__ import annotations

import json
from hashlib import file_digest
from typing import TYPE_CHECKING, cast

from cicd.errors import Unavailable
from cicd.store.disk import disk
from cicd.store.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.store.artifacts import ArtifactFiles
    from cicd.store.caches import CacheFiles
    from cicd.store.database import Database

_SHOWN = 20  # faults of one sort that are told one by one


def faults(database: Database, artifacts: ArtifactFiles, caches: CacheFiles) -> list[str]:
    """
    Look at everything, and say what is wrong with it, a sentence each; nothing is changed.

    Raises:
        Unavailable: The database cannot even be opened, or is a newer ``cicd``'s.

    """
    found: list[str] = []
    for look in (
        _of_database(database),
        _of_events(database),
        _of_artifacts(artifacts),
        caches.damaged(),
    ):
        told = list(look)
        found += told[:_SHOWN]
        if len(told) > _SHOWN:
            found.append(f"and {len(told) - _SHOWN} more of this sort")
    return found


def _of_database(database: Database) -> Iterator[str]:
    for (said,) in database.rows("PRAGMA integrity_check"):
        if said != "ok":
            yield f"state.db: {said}"


def _of_events(database: Database) -> Iterator[str]:
    counted = database.rows(
        "SELECT stream, COUNT(*), MIN(version), MAX(version) FROM events GROUP BY stream"
    )
    for stream, count, first, last in counted:
        if (first, last) != (1, count):
            yield f"{stream}: {count} events, numbered {first} to {last}"
    every = database.rows("SELECT seq FROM events ORDER BY seq")
    for (seq,) in every:
        try:
            ((stream, version, at, data),) = cast(
                "list[tuple[str, int, str, str]]",
                database.rows(
                    "SELECT stream, version, at, data FROM events WHERE seq = ?", (seq,)
                ),
            )
        except (Unavailable, ValueError):  # no text, or found by an index and nowhere else
            yield f"state.db: its entry {seq} cannot be read"
            continue
        try:
            moment(at)
            readable = isinstance(json.loads(data), dict)
        except ValueError:
            readable = False
        if not readable:
            yield f"{stream}: its event {version} cannot be read"


def _of_artifacts(artifacts: ArtifactFiles) -> Iterator[str]:
    for digest, path in artifacts.all().items():
        if _digest(path) != digest:
            yield f"{path}: is not what it was when it was kept"


def _digest(path: Path) -> str:
    with disk(path), path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
