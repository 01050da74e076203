import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cicd.errors import Unavailable
from cicd.store.database import LAYOUTS, Database


def database(tmp_path):
    return Database(tmp_path / "state.db")


def put(base, stream):
    with base.transaction() as transaction:
        transaction.write("INSERT INTO drivers VALUES (?, ?, ?)", (stream, "d", 0.0))


def streams(base):
    return [row[0] for row in base.rows("SELECT stream FROM drivers ORDER BY stream")]


def test_a_new_database_has_the_newest_layout_and_a_write_ahead_journal(tmp_path):
    base = database(tmp_path)
    assert [(len(LAYOUTS),)] == base.rows("PRAGMA user_version")
    assert [("wal",)] == base.rows("PRAGMA journal_mode")


def test_what_was_written_is_there_after_opening_again(tmp_path):
    base = database(tmp_path)
    put(base, "a")
    base.close()
    assert ["a"] == streams(database(tmp_path))


def test_an_exception_undoes_the_whole_transaction(tmp_path):
    base = database(tmp_path)
    with pytest.raises(KeyError), base.transaction() as transaction:
        transaction.write("INSERT INTO drivers VALUES ('a', 'd', 0)")
        raise KeyError
    assert [] == streams(base)
    put(base, "b")
    assert ["b"] == streams(base)


def test_each_thread_has_its_own_connection_and_ended_threads_leave_none_behind(tmp_path):
    base = database(tmp_path)
    streams(base)
    for n in range(5):
        thread = threading.Thread(target=put, args=(base, str(n)))
        thread.start()
        thread.join()
    assert ["0", "1", "2", "3", "4"] == streams(base)
    assert len(base._open) <= 2


def test_a_second_thread_takes_nothing_of_what_other_processes_see_of_the_first(tmp_path):
    """Whoever is the last to close a database removes its journal; nobody else may."""
    base = database(tmp_path)
    put(base, "a")
    thread = threading.Thread(target=streams, args=(base,))
    thread.start()
    thread.join()
    other = f"import sqlite3; sqlite3.connect({str(base.path)!r}).execute('SELECT * FROM drivers')"
    subprocess.run((sys.executable, "-c", other), check=True)
    assert (tmp_path / "state.db-wal").exists()


def test_a_database_of_a_newer_cicd_is_refused_with_the_way_out(tmp_path):
    base = database(tmp_path)
    streams(base)
    base.close()
    with sqlite3.connect(base.path) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(Unavailable) as caught:
        streams(database(tmp_path))
    assert "newer cicd (layout 99; this one knows up to 2)" in caught.value.message
    assert "upgrade cicd, or use another home with --home" == caught.value.hint


def test_a_database_of_another_program_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "state.db") as raw:
        raw.execute("CREATE TABLE events (mine)")
    with pytest.raises(Unavailable, match="another program's database"):
        streams(database(tmp_path))
    assert [] == sqlite3.connect(tmp_path / "state.db").execute("SELECT * FROM events").fetchall()


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "state.db").write_bytes(b"not a database, but long enough to be read as one" * 9)
    with pytest.raises(Unavailable, match=r"state\.db is not a database"):
        streams(database(tmp_path))


def test_a_damaged_database_says_so(tmp_path):
    base = database(tmp_path)
    for n in range(200):
        put(base, str(n) * 50)
    base.close()
    raw = bytearray(base.path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    base.path.write_bytes(raw)
    with pytest.raises(Unavailable, match=r"state\.db is damaged"):
        streams(database(tmp_path))


def test_a_text_that_is_no_text_any_more_is_damage(tmp_path):
    base = database(tmp_path)
    put(base, "a stream")
    base.close()
    base.path.write_bytes(base.path.read_bytes().replace(b"a stream", b"a\xfftream"))
    with pytest.raises(Unavailable, match=r"state\.db is damaged"):
        streams(database(tmp_path))


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(Unavailable, match=r"state\.db cannot be opened"):
        streams(Database(tmp_path / "absent" / "state.db"))


def test_a_full_disk_is_unavailable_and_loses_nothing(tmp_path):
    base = database(tmp_path)
    put(base, "before")
    pages = base.rows("PRAGMA page_count")[0][0]
    base.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable) as caught, base.transaction() as transaction:
        for n in range(2000):
            transaction.write("INSERT INTO drivers VALUES (?, ?, 0)", (f"{n}", "x" * 500))
    assert "the disk is full" in caught.value.message
    base.close()
    assert ["before"] == streams(database(tmp_path))


def test_many_processes_may_make_the_database_at_once(tmp_path):
    program = (
        "import sys; from pathlib import Path; from cicd.store.database import Database\n"
        "base = Database(Path(sys.argv[1]))\n"
        "with base.transaction() as t:\n"
        "    t.write('INSERT INTO drivers VALUES (?, ?, 0)', (sys.argv[2], 'd'))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "state.db"), str(n)])
        for n in range(4)
    ]
    assert [0] * 4 == [process.wait() for process in running]
    assert ["0", "1", "2", "3"] == streams(database(tmp_path))


def test_nobody_takes_a_database_that_is_being_made_for_another_programs(tmp_path):
    refused = []

    def look(path, gate):
        gate.wait()
        try:
            Database(path).rows("SELECT 1")
        except Unavailable as error:
            refused.append(error.message)

    for number in range(50):
        gate = threading.Barrier(4)
        path = tmp_path / f"{number}.db"
        together = [threading.Thread(target=look, args=(path, gate)) for _ in range(4)]
        for each in together:
            each.start()
        for each in together:
            each.join()
    assert [] == refused


def test_where_nothing_can_be_written_reading_says_so(tmp_path, monkeypatch):
    base = database(tmp_path)
    put(base, "a")
    base.close()
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o555)
    root = os.geteuid() == 0
    try:
        if root:  # who may write everywhere
            os.seteuid(65534)
        with pytest.raises(Unavailable, match="directory that cannot be written to") as caught:
            Database(Path("state.db")).rows("SELECT 1 FROM drivers")
    finally:
        if root:
            os.seteuid(0)
        tmp_path.chmod(0o755)
    assert caught.value.hint == "copy the directory to a place of yours, and name that with --home"


def test_nobody_else_may_read_it_nor_what_is_set_aside(tmp_path):
    previous = os.umask(0)
    try:
        put(database(tmp_path), "a")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(previous)
    assert {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600} == {
        name: mode for name, mode in modes.items() if not name.endswith(".lock")
    }


FULL = """
import resource, sys, threading
from pathlib import Path
from cicd.errors import Unavailable
from cicd.store.database import Database

resource.setrlimit(resource.RLIMIT_FSIZE, (16384, resource.RLIM_INFINITY))
base = Database(Path(sys.argv[1]))
print(base.rows("SELECT stream FROM drivers"))

def another():
    try:
        base.rows("SELECT 1")
    except Unavailable as reason:
        print(reason.message.rpartition("/")[2])

thread = threading.Thread(target=another)
thread.start()
thread.join()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with base.transaction() as transaction:
    transaction.write("DELETE FROM drivers")
base.close()
print(base.rows("SELECT stream FROM drivers"))
"""


def test_on_a_full_disk_it_can_be_read_and_written_to_once_there_is_room(tmp_path):
    base = database(tmp_path)
    put(base, "a")
    base.close()
    said = subprocess.run(
        [sys.executable, "-c", FULL, base.path], capture_output=True, text=True, check=False
    )
    assert ["[('a',)]", "state.db cannot grow: the disk is full", "[]"] == said.stdout.splitlines()
    assert "" == said.stderr
