"""Databases of earlier layouts, lifted to the newest: what was in them is in them still."""

import sqlite3
from pathlib import Path

import pytest

from cicd.errors import Unavailable
from cicd.store.database import LAYOUTS, Database
from cicd.store.event_log import SqliteEventLog
from cicd.store.executions import SqliteExecutionIndex

OLD = {path.stem: path for path in (Path(__file__).parent / "layouts").glob("*.sql")}


def test_every_layout_but_the_newest_has_a_database_here():
    assert [f"layout_{number}" for number in range(1, len(LAYOUTS))] == sorted(OLD)


@pytest.mark.parametrize("name", OLD)
def test_an_old_database_is_read_and_written_on(name, tmp_path):
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as raw:
        raw.executescript(OLD[name].read_text())
    raw.close()
    database = Database(path)
    try:
        ((layout,),) = database.rows("PRAGMA user_version")
        assert len(LAYOUTS) == layout
        (record,) = SqliteExecutionIndex(database).list()
        assert ("build/app:1", "SUCCEEDED", 7) == (record.stream, record.status, record.number)
        log = SqliteEventLog(database)
        events = log.read("build/app:1")
        assert [1, 2] == [version for version, _ in events]
        assert 3 == log.append("build/app:1", [events[1][1]], expected=2)
        names = {row[0] for row in database.rows("SELECT name FROM sqlite_master")}
    finally:
        database.close()
    fresh = Database(tmp_path / "fresh.db")
    try:
        assert names == {row[0] for row in fresh.rows("SELECT name FROM sqlite_master")}
    finally:
        fresh.close()
    with sqlite3.connect(tmp_path / f"state.db.{name.replace('_', '-')}") as raw:  # as it was
        assert (int(name[-1]),) == raw.execute("PRAGMA user_version").fetchone()
        assert (2,) == raw.execute("SELECT COUNT(*) FROM events").fetchone()
    raw.close()


@pytest.mark.parametrize("name", OLD)
def test_a_migration_that_cannot_be_done_leaves_the_old_database_as_it_was(name, tmp_path):
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as raw:
        raw.executescript(OLD[name].read_text())
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE executions_by_kind (x)")  # in the way of what is made
    raw.close()
    database = Database(path)
    with pytest.raises(Exception, match="already"):
        database.rows("SELECT 1")
    database.close()
    with sqlite3.connect(path) as raw:
        assert (1,) == raw.execute("PRAGMA user_version").fetchone()
        indices = raw.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
        assert ("executions_by_parent",) not in indices
        assert (2,) == raw.execute("SELECT COUNT(*) FROM events").fetchone()
    raw.close()


def test_a_newer_database_stays_byte_by_byte(tmp_path):
    path = tmp_path / "state.db"
    database = Database(path)
    database.rows("SELECT 1")
    database.close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {len(LAYOUTS) + 1}")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    before = path.read_bytes()
    newer = Database(path)
    with pytest.raises(Unavailable, match="newer cicd") as refused:
        newer.rows("SELECT 1")
    assert "is what it was" not in refused.value.hint
    copy = tmp_path / f"state.db.layout-{len(LAYOUTS)}"
    copy.touch()
    with pytest.raises(Unavailable, match="newer cicd") as refused:
        newer.rows("SELECT 1")
    assert f"{copy} is what it was before" in refused.value.hint
    newer.close()
    assert before == path.read_bytes()
