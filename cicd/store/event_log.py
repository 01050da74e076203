"""Append-only streams of events in SQLite."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from cicd.errors import Conflict
from cicd.event import Event, EventKind
from cicd.store.database import damaged
from cicd.store.moments import moment, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.event import JSON
    from cicd.store.database import Database, Row, Transaction


class SqliteEventLog:
    """
    The ``EventLog`` of the home; safe from any thread and from several processes.

    What ``append`` returned survives a kill of this process.
    """

    def __init__(self, database: Database) -> None:
        """Use ``database``, which others may use as well."""
        self._database = database
        self._lock = threading.Lock()
        self._callbacks: tuple[Callable[[str], None], ...] = ()

    def append(self, stream: str, events: Sequence[Event], *, expected: int) -> int:
        """Write all or nothing; see ``EventLog``."""
        rows = [_row(stream, expected + n, event) for n, event in enumerate(events, 1)]
        with self._database.transaction() as transaction:
            version = _version(transaction, stream)
            if version != expected:
                raise Conflict(
                    f"'{stream}' is at version {version}, not at {expected}",
                    hint="somebody else wrote to it meanwhile; try again",
                )
            transaction.write_each(
                "INSERT INTO events (stream, version, kind, at, key, data)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            if rows:
                transaction.afterwards(partial(self._tell, stream))
        return expected + len(rows)

    def read(self, stream: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """Give (version, event) pairs above ``after``, in order."""
        rows = self._database.rows(
            "SELECT version, kind, at, key, data FROM events"
            " WHERE stream = ? AND version > ? ORDER BY version",
            (stream, after),
        )
        place = f"{self._database.path}: an event of '{stream}' is damaged"
        found = [_event(row, place) for row in rows]
        for expected, (version, _) in enumerate(found, after + 1):
            if version != expected:
                raise damaged(f"{self._database.path}: '{stream}' has no event {expected}")
        return found

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back after each append through this object, on the appender's thread."""
        # An identity of its own, so that undoing one of two equal callbacks undoes that one.
        entry = _once(callback)
        with self._lock:
            self._callbacks = (*self._callbacks, entry)

        def undo() -> None:
            with self._lock:
                self._callbacks = tuple(c for c in self._callbacks if c is not entry)

        return undo

    def _tell(self, stream: str) -> None:
        for callback in self._callbacks:
            callback(stream)


def _once(callback: Callable[[str], None]) -> Callable[[str], None]:
    def call(stream: str) -> None:
        callback(stream)

    return call


def _version(transaction: Transaction, stream: str) -> int:
    rows = transaction.rows("SELECT MAX(version) FROM events WHERE stream = ?", (stream,))
    return int(rows[0][0] or 0)


def _row(stream: str, version: int, event: Event) -> tuple[str | int, ...]:
    # ASCII, since a lone surrogate is text to Python and JSON but not to SQLite.
    data = _JSON.encode(event.data)
    return (stream, version, event.kind.value, written(event.at), event.key, data)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_JSON = json.JSONEncoder(default=_plain, allow_nan=False, separators=(",", ":"))


def _event(row: Row, place: str) -> tuple[int, Event]:
    version, kind, at, key, data = cast("tuple[int, str, str, str, str]", row)
    try:
        read = _Data(json.loads(data))
        event = Event(kind=EventKind(kind), at=moment(at), key=key, data=MappingProxyType(read))
    except (ValueError, TypeError):
        raise damaged(f"{place}: version {version}, written at {at}") from None
    read.place = f"{place}: version {version}"
    return version, event


class _Data(dict[str, "JSON"]):
    """What an event holds; a name that must be there, and is not, is damage and no bug."""

    __slots__ = ("place",)

    place: str

    def __missing__(self, name: str) -> JSON:
        raise damaged(f"{self.place} has no '{name}'")
