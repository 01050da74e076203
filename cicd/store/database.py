"""
The SQLite file behind the event log and the index; the only importer of ``sqlite3``.

Write-ahead journal, ``BEGIN IMMEDIATE``, ten seconds of patience with other writers,
a connection a thread.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cicd.errors import Unavailable, UsageError
from cicd.store.disk import disk

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

Cell: TypeAlias = "str | int | float | None"
Row: TypeAlias = "tuple[Cell, ...]"

PATIENCE = 10.0  # seconds to wait for another writer
_APPLICATION = 0x63696364  # "cicd", in the file's header

# Forwards only: script n lifts a database from layout n to n + 1. None is ever edited.
LAYOUTS = ("schema.sql", "layout_2.sql")

_AFRESH = (
    "nothing was written to it; 'cicd state restore BACKUP --replace' puts a backup in its place,"
    " and keeps it aside; without one, move state.db* away to start afresh"
)

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_WORDS = {
    1: ("is not laid out as a state is", _AFRESH),
    3: ("may not be used by you", "make it writable for you, or use another home with --home"),
    5: ("is locked by another process", "end whatever holds it, then try again"),
    6: ("is locked by another process", "end whatever holds it, then try again"),
    8: ("cannot be written", "make it writable for you, or use another home with --home"),
    10: ("gives a disk fault", "look at that disk, or use another home with --home"),
    11: ("is damaged", _AFRESH),
    13: ("cannot grow: the disk is full", "free some space, or use another home with --home"),
    14: ("cannot be opened", "look at that path, or use another home with --home"),
    15: ("is locked by another process", "end whatever holds it, then try again"),
    26: ("is not a database", _AFRESH),
}
_NO_SUCH, _CANNOT_OPEN, _DAMAGED, _FULL = 1, 14, 11, 13
_NO_ROOM_TO_READ = 4874  # SQLITE_IOERR_SHMSIZE: the journal's index cannot be made
# Read-only media, and somebody else's home: the journal's index has to stand beside the file.
_BESIDE = (
    "lies in a directory that cannot be written to, which reading it needs, too",
    "copy the directory to a place of yours, and name that with --home",
)


class Transaction:
    """All or nothing: what is done in here is kept when the ``with`` ends, or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Belong to the connection of the current thread."""
        self._connection = connection
        self._after: list[Callable[[], None]] = []

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call when all of it is kept, on this thread; never, if it is not."""
        self._after.append(call)

    def told(self) -> None:
        """Make the calls that wait for it, once."""
        calls, self._after = self._after, []
        for call in calls:
            call()

    def rows(self, sql: str, values: Sequence[Cell] = ()) -> list[Row]:
        """Read."""
        return self._connection.execute(sql, values).fetchall()

    def write(self, sql: str, values: Sequence[Cell] = ()) -> int:
        """Write, and say how many rows it touched."""
        return self._connection.execute(sql, values).rowcount

    def write_each(self, sql: str, rows: Iterable[Sequence[Cell]]) -> None:
        """Write the same for each row of values."""
        self._connection.executemany(sql, rows)


class Database:
    """
    One SQLite file, opened when first used.

    Safe from any thread; connections of threads that ended are closed when a new one opens.
    Every method raises ``Unavailable`` for a full disk, a read-only or damaged file,
    a lock that outlasts ``PATIENCE``, and a file that a newer ``cicd`` wrote.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; its directory must exist when it is first used."""
        self.path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._ready = False
        self._alone = False  # nobody else, and no other thread, can have it open

    def rows(self, sql: str, values: Sequence[Cell] = ()) -> list[Row]:
        """Read, without waiting for writers."""
        with self._said():
            return self._connection().execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """
        Be the one writer while inside; an exception undoes everything.

        One inside another, on the same thread, is part of it: kept with it, or not at all.
        """
        outer: Transaction | None = getattr(self._local, "transaction", None)
        if outer is not None:
            yield outer
            return
        with self._said():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            transaction = self._local.transaction = Transaction(connection)
            try:
                yield transaction
                connection.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back on a full disk; a second ROLLBACK would be refused.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._local.transaction = None
        transaction.told()

    def copy_to(self, path: Path) -> None:
        """Write the whole database, as it is at this moment, into a file that is not there yet."""
        with self._said():
            self._connection().execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Close every thread's connection; the next use opens anew."""
        with self._lock:
            held, self._open = self._open, []
            self._local = threading.local()
            self._alone = self._ready = False
        for _, connection in held:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        # Plans tell what a team does: a home that others may enter (git makes one for its
        # config.toml) does not show them. SQLite gives its journals the mode of the file.
        # Only a new one: closing a file drops all locks that this process has on it, SQLite's too.
        with suppress(OSError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with self._lock:
            if self._alone:
                raise self._unavailable(*_WORDS[_FULL])
            connection = self._opened()
            ended = [c for thread, c in self._open if not thread.is_alive()]
            self._open = [(t, c) for t, c in self._open if t.is_alive()]
            self._open.append((threading.current_thread(), connection))
        for old in ended:
            old.close()
        return connection

    def _opened(self) -> sqlite3.Connection:
        import sqlite3

        try:
            return self._configured()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != _NO_ROOM_TO_READ:
                raise
        # Who is alone needs no index beside the file: so a full disk can be read, and what is
        # on it be removed.
        self._alone = True
        return self._configured("PRAGMA locking_mode = EXCLUSIVE")

    def _configured(self, *first: str) -> sqlite3.Connection:
        import sqlite3

        # check_same_thread: another thread closes it, after this one has ended.
        connection = sqlite3.connect(
            self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            # NORMAL loses the last commits to a power cut, never to a killed process, and never
            # tears the file; a power cut also ends every command those commits spoke of.
            for statement in (*first, "PRAGMA synchronous = NORMAL"):
                connection.execute(statement)
            if not self._ready:
                self._prepare(connection)
                self._ready = True
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._layout(connection) == len(LAYOUTS):
            return
        # Going over to the write-ahead journal does not wait for others, so a lock of ours does.
        lock = self.path.with_name(self.path.name + ".lock")
        with disk(lock), lock.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self._set_aside(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                for script in LAYOUTS[self._layout(connection) :]:
                    for statement in _statements(_text(script)):
                        connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {len(LAYOUTS)}")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _set_aside(self, connection: sqlite3.Connection) -> None:
        """Keep a copy of a state that is to be lifted, for whoever goes back to an older cicd."""
        layout = self._layout(connection)
        if 0 < layout < len(LAYOUTS):
            copy = self._copy_of(layout)
            fresh = copy.with_name(f"{copy.name}.part")
            with disk(copy):
                fresh.unlink(missing_ok=True)
                fresh.touch(mode=0o600)  # an empty file is as good as none to VACUUM
                connection.execute("VACUUM INTO ?", (str(fresh),))
                fresh.replace(copy)

    def _copy_of(self, layout: int) -> Path:
        return self.path.with_name(f"{self.path.name}.layout-{layout}")

    def _layout(self, connection: sqlite3.Connection) -> int:
        # In one statement, so of one moment: another process may be making it just now.
        known: tuple[int, int, int] = connection.execute(
            "SELECT user_version, application_id, (SELECT COUNT(*) FROM sqlite_master)"
            " FROM pragma_user_version, pragma_application_id"
        ).fetchone()
        layout, application, tables = known
        if tables and application != _APPLICATION:
            raise Unavailable(
                f"{self.path} is another program's database",
                hint="move it away, or use another home with --home",
            )
        if layout > len(LAYOUTS):
            copy = self._copy_of(len(LAYOUTS))
            older = f"; {copy} is what it was before" if copy.exists() else ""
            raise Unavailable(
                f"{self.path} was written by a newer cicd"
                f" (layout {layout}; this one knows up to {len(LAYOUTS)})",
                hint=f"upgrade cicd, or use another home with --home{older}",
            )
        return layout

    @contextmanager
    def _said(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # Python itself, and not SQLite, refuses a text that is no text any more; where it is
            # in SQLite's own message, with another error.
            undecoded = isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error)
            code = _DAMAGED if undecoded else getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in _WORDS:
                raise
            what, hint = _WORDS[code]
            if code == _NO_SUCH:
                what = f"{what}: {error}"
            if code == _CANNOT_OPEN and self._is_beside_nothing():
                what, hint = _BESIDE
            raise self._unavailable(what, hint) from error
        except OverflowError as error:  # of what is asked for: a number beyond all
            raise UsageError(f"no state can hold that: {error}") from error

    def _unavailable(self, what: str, hint: str) -> Unavailable:
        return Unavailable(f"{self.path} {what}", hint=hint)

    def _is_beside_nothing(self) -> bool:
        """Tell whether the directory is there, but takes no files."""
        directory = self.path.parent
        return directory.is_dir() and not os.access(directory, os.W_OK, effective_ids=True)


def damaged(words: str) -> Unavailable:
    """Make an error of what no ``cicd`` has written into a database."""
    return Unavailable(
        words, hint="'cicd state check' says more; 'cicd state restore' brings a backup back"
    )


def _text(script: str) -> str:
    return Path(__file__).with_name(script).read_text(encoding="utf-8")


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit first, and so leave half a layout behind when it is cut.
    import sqlite3

    complete: Callable[[str], bool] = sqlite3.complete_statement
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete(statement):
            yield statement
            statement = ""
