"""The index of executions in SQLite."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from cicd.errors import Conflict, UsageError
from cicd.ports import ExecutionRecord
from cicd.store.database import damaged
from cicd.store.drivers import Drivers
from cicd.store.moments import moment, written

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cicd.store.database import Cell, Database, Row

_COLUMNS = (
    "SELECT e.stream, e.kind, e.name, e.status, e.parent, e.number, e.created_at, e.updated_at,"
    " d.driver, d.seen_at"
    " FROM executions e LEFT JOIN drivers d ON d.stream = e.stream"
)


class SqliteExecutionIndex:
    """The ``ExecutionIndex`` of the home; safe from any thread and from several processes."""

    def __init__(self, database: Database) -> None:
        """Use ``database``, which others may use as well."""
        self._database = database
        self._drivers = Drivers(database)

    def submit(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> ExecutionRecord:
        """Enter a new execution; its number is the last one of ``kind`` and ``name`` plus one."""
        with self.submission(
            stream, kind=kind, name=name, status=status, parent=parent, at=at
        ) as record:
            return record

    @contextmanager
    def submission(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> Iterator[ExecutionRecord]:
        """Enter a new execution in one transaction with what is appended inside."""
        with self._database.transaction() as transaction:
            if transaction.rows("SELECT 1 FROM executions WHERE stream = ?", (stream,)):
                raise Conflict(
                    f"'{stream}' is already in the index", hint="submit it under a fresh id"
                )
            last = transaction.rows(
                "SELECT last FROM numbers WHERE kind = ? AND name = ?", (kind, name)
            )
            number = self._whole(last[0][0]) + 1 if last else 1
            transaction.write(
                "INSERT OR REPLACE INTO numbers (kind, name, last) VALUES (?, ?, ?)",
                (kind, name, number),
            )
            transaction.write(
                "INSERT INTO executions"
                " (stream, kind, name, number, status, parent, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (stream, kind, name, number, status, parent, written(at), written(at)),
            )
            yield ExecutionRecord(
                stream=stream,
                kind=kind,
                name=name,
                status=status,
                parent=parent,
                number=number,
                created_at=at,
                updated_at=at,
            )

    def update(self, stream: str, status: str, at: datetime) -> None:
        """Note a new status; a stream that is not in the index is left out of it."""
        with self._database.transaction() as transaction:
            transaction.write(
                "UPDATE executions SET status = ?, updated_at = ? WHERE stream = ?",
                (status, written(at), stream),
            )

    def list(
        self, *, kind: str | None = None, name: str | None = None, limit: int | None = None
    ) -> builtins.list[ExecutionRecord]:
        """Give the last submitted first."""
        conditions = {"e.kind = ?": kind, "e.name = ?": name}
        chosen = {sql: value for sql, value in conditions.items() if value is not None}
        where = f" WHERE {' AND '.join(chosen)}" if chosen else ""
        values: builtins.list[Cell] = [*chosen.values(), -1 if limit is None else limit]
        return self._records(f"{where} ORDER BY e.seq DESC LIMIT ?", values)

    def forget_unwritten(self, before: datetime) -> builtins.list[str]:
        """
        Take out what was entered ``before`` and never begun: no event of it was ever written.

        A cicd that did not enter an execution together with its first event has left such
        entries where the disk was full or it was killed; their numbers stay taken.
        """
        with self._database.transaction() as transaction:
            rows = transaction.rows(
                "SELECT stream FROM executions WHERE created_at < ? AND NOT EXISTS"
                " (SELECT 1 FROM events WHERE events.stream = executions.stream)",
                (written(before),),
            )
            transaction.write_each("DELETE FROM executions WHERE stream = ?", rows)
        return [str(stream) for (stream,) in rows]

    def find(self, kind: str, written: str) -> ExecutionRecord | None:
        """Find by id, by number, or by a beginning of the id or its UUID; see the seam."""
        stream = f"{kind}/{written}"
        found = self._records(
            " WHERE e.kind = ?1 AND (substr(e.stream, 1, length(?2)) = ?2"
            " OR instr(e.stream, ?3) > 0 OR CAST(e.number AS TEXT) = ?4)"
            " ORDER BY e.stream = ?2 DESC, CAST(e.number AS TEXT) = ?4 DESC, e.seq LIMIT 6",
            [kind, stream, f":{written}", written],
        )
        if found and found[0].stream != stream:
            found = [each for each in found if str(each.number) == written] or found
            if len(found) > 1:
                ids = [record.stream.partition("/")[2] for record in found]
                raise UsageError(
                    f"'{written}' is more than one {kind}",
                    hint=f"write one of {', '.join(ids[:5])}{', …' if len(ids) > 5 else ''}",
                )
        return found[0] if found else None

    def drive(self, stream: str) -> AbstractContextManager[None]:
        """Be the one driver while inside; see ``Drivers``."""
        return self._drivers.drive(stream)

    def _records(self, tail: str, values: builtins.list[Cell]) -> builtins.list[ExecutionRecord]:
        return [self._record(row) for row in self._database.rows(_COLUMNS + tail, values)]

    def _record(self, row: Row) -> ExecutionRecord:
        stream, kind, name, status, parent, number, created_at, updated_at, driver, seen_at = cast(
            "tuple[str, str, str, str, str | None, int, str, str, str | None, float | None]", row
        )
        place = f"{self._database.path}: the entry of '{stream}' is damaged"
        if not all(isinstance(each, str) for each in (stream, kind, name, status, parent or "")):
            raise damaged(place)
        try:
            created, updated = moment(created_at), moment(updated_at)
        except (ValueError, TypeError):
            raise damaged(place) from None
        driven = driver is not None and self._drivers.living(driver, seen_at or 0.0)
        return ExecutionRecord(
            stream=stream,
            kind=kind,
            name=name,
            status=status,
            parent=parent,
            number=self._whole(number),
            created_at=created,
            updated_at=updated,
            driver=driver,
            driven=driven,
        )

    def _whole(self, number: Cell) -> int:
        if not isinstance(number, int):
            raise damaged(f"{self._database.path}: '{number}' is no number of an execution")
        return number
