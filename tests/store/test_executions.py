import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from cicd.errors import Conflict, Unavailable, UsageError
from cicd.event import Event, EventKind
from cicd.store import drivers
from cicd.store.database import Database
from cicd.store.drivers import SILENCE, Drivers
from cicd.store.event_log import SqliteEventLog
from cicd.store.executions import SqliteExecutionIndex
from cicd.store.process_identity import is_alive, own_identity

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def base_in(tmp_path):
    return Database(tmp_path / "state.db")


def index_in(tmp_path):
    return SqliteExecutionIndex(base_in(tmp_path))


def submit(index, stream, name="app", kind="build", parent=None):
    return index.submit(stream, kind=kind, name=name, status="IN_PROGRESS", parent=parent, at=AT)


def test_a_record_comes_back_as_it_was_submitted(tmp_path):
    index = index_in(tmp_path)
    record = submit(index, "build/app:1", parent="pipeline/7")
    assert [record] == index.list()
    assert ("build/app:1", "IN_PROGRESS", "pipeline/7", 1, AT, None, False) == (
        record.stream,
        record.status,
        record.parent,
        record.number,
        record.created_at,
        record.driver,
        record.driven,
    )


def test_numbers_count_from_one_within_kind_and_name(tmp_path):
    index = index_in(tmp_path)
    numbers = [
        submit(index, "build/a:1", "a").number,
        submit(index, "build/b:1", "b").number,
        submit(index, "build/a:2", "a").number,
        submit(index, "pipeline/1", "a", kind="pipeline").number,
    ]
    assert [1, 1, 2, 1] == numbers


def test_a_number_is_not_given_again_when_its_execution_is_forgotten(tmp_path):
    base = base_in(tmp_path)
    index = SqliteExecutionIndex(base)
    submit(index, "build/a:1")
    with base.transaction() as transaction:
        transaction.write("DELETE FROM executions")
    assert 2 == submit(index, "build/a:2").number


def test_a_stream_is_submitted_once(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/a:1")
    with pytest.raises(Conflict):
        submit(index, "build/a:1")
    assert 2 == submit(index, "build/a:2").number


def test_update_changes_status_and_time_only(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/a:1")
    later = AT + timedelta(seconds=5)
    index.update("build/a:1", "FAILED", later)
    index.update("build/unknown:1", "FAILED", later)
    (record,) = index.list()
    assert ("FAILED", AT, later) == (record.status, record.created_at, record.updated_at)


def test_list_gives_the_last_submitted_first_by_kind_and_name(tmp_path):
    index = index_in(tmp_path)
    for stream, name, kind in (
        ("build/a:1", "a", "build"),
        ("build/b:1", "b", "build"),
        ("pipeline/1", "a", "pipeline"),
        ("build/a:2", "a", "build"),
    ):
        submit(index, stream, name, kind)
    assert ["build/a:2", "pipeline/1", "build/b:1", "build/a:1"] == [
        r.stream for r in index.list()
    ]
    assert ["build/a:2", "build/a:1"] == [r.stream for r in index.list(kind="build", name="a")]
    assert ["build/a:2"] == [r.stream for r in index.list(kind="build", limit=1)]
    assert [] == index.list(name="absent")


def test_find_takes_an_id_or_a_beginning_that_only_one_has(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/app:12ab")
    submit(index, "build/app:12cd")
    submit(index, "build/app:1")
    submit(index, "pipeline/app:9", kind="pipeline")
    assert "build/app:12ab" == index.find("build", "app:12a").stream
    assert "build/app:1" == index.find("build", "app:1").stream
    assert None is index.find("build", "app:9")
    assert None is index.find("build", "APP:12a")
    assert None is index.find("build", "%")


def test_a_beginning_that_several_have_lists_them(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/app:12ab")
    submit(index, "build/app:12cd")
    with pytest.raises(UsageError) as caught:
        index.find("build", "app:12")
    assert "write one of app:12ab, app:12cd" == caught.value.hint


def test_a_driver_is_seen_while_it_drives_and_gone_after(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/a:1")
    with index.drive("build/a:1"):
        record = index.find("build", "a:1")
        assert (own_identity(), True) == (record.driver, record.driven)
    record = index.find("build", "a:1")
    assert (None, False) == (record.driver, record.driven)


def test_one_process_cannot_drive_a_stream_twice(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/a:1")
    with index.drive("build/a:1"):
        with pytest.raises(Conflict), index.drive("build/a:1"):
            pass
        with index.drive("build/a:2"):
            pass
    with index.drive("build/a:1"):
        pass


def test_an_exception_ends_the_driving(tmp_path):
    index = index_in(tmp_path)
    with pytest.raises(KeyError), index.drive("build/a:1"):
        raise KeyError
    with index.drive("build/a:1"):
        pass


DRIVER = """
import sys
from pathlib import Path
from cicd.store.database import Database
from cicd.store.executions import SqliteExecutionIndex
with SqliteExecutionIndex(Database(Path(sys.argv[1]))).drive("build/a:1"):
    print("driving", flush=True)
    sys.stdin.read()
"""


def other_driver(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "state.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "driving\n" == process.stdout.readline()
    return process


def test_another_process_keeps_a_stream_while_it_lives(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/a:1")
    process = other_driver(tmp_path)
    assert index.find("build", "a:1").driven
    with pytest.raises(Conflict, match=f"process {process.pid} on"), index.drive("build/a:1"):
        pass
    process.communicate("")
    assert not index.find("build", "a:1").driven
    with index.drive("build/a:1"):
        pass


def test_a_killed_driver_is_followed_at_once_even_before_its_parent_looked(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/a:1")
    process = other_driver(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.stdout.read()  # its end of the pipe is closed: it is a zombie now
    while is_alive(index.find("build", "a:1").driver):
        pass
    assert not index.find("build", "a:1").driven
    with index.drive("build/a:1"):
        assert own_identity() == index.find("build", "a:1").driver
    process.wait()


def test_a_process_number_that_was_given_again_is_not_the_driver(tmp_path):
    base = base_in(tmp_path)
    host, pid, _ = own_identity().rsplit(":", 2)
    with base.transaction() as transaction:
        transaction.write(
            "INSERT INTO drivers VALUES ('build/a:1', ?, 0)", (f"{host}:{pid}:long-ago",)
        )
    with SqliteExecutionIndex(base).drive("build/a:1"):
        pass


def test_a_driver_on_another_machine_is_followed_after_its_silence(tmp_path):
    base = base_in(tmp_path)
    now = [1000.0]
    ours = Drivers(base, wall=lambda: now[0])
    with base.transaction() as transaction:
        transaction.write("INSERT INTO drivers VALUES ('build/a:1', 'elsewhere:1:2', 1000.0)")
    now[0] += SILENCE - 1
    with pytest.raises(Conflict, match="process 1 on elsewhere"), ours.drive("build/a:1"):
        pass
    now[0] += 1
    with ours.drive("build/a:1"):
        pass


def test_a_driver_says_again_and_again_that_it_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(drivers, "HEARTBEAT", 0.001)
    base = base_in(tmp_path)
    now = [1000.0]
    with Drivers(base, wall=lambda: now[0]).drive("build/a:1"):
        now[0] = 2000.0
        while [(2000.0,)] != base.rows("SELECT seen_at FROM drivers"):
            pass


def test_what_was_entered_and_never_begun_is_forgotten_and_its_number_stays_taken(tmp_path):
    base = base_in(tmp_path)
    index = SqliteExecutionIndex(base)
    submit(index, "build/app:1")
    begun = submit(index, "build/app:2")
    SqliteEventLog(base).append(
        "build/app:2",
        [Event(kind=EventKind.SUBMITTED, at=AT, key="", data={})],
        expected=0,
    )
    assert [] == index.forget_unwritten(AT)
    assert ["build/app:1"] == index.forget_unwritten(AT + timedelta(seconds=1))
    assert [begun] == index.list()
    assert 3 == submit(index, "build/app:3").number


def enter(index, stream):
    return index.submission(
        stream, kind="build", name="app", status="IN_PROGRESS", parent=None, at=AT
    )


def first(record):
    return [Event(kind=EventKind.SUBMITTED, at=AT, key="", data={"number": record.number})]


def test_an_execution_and_its_first_event_are_kept_together_or_not_at_all(tmp_path):
    base = base_in(tmp_path)
    index, log = SqliteExecutionIndex(base), SqliteEventLog(base)
    told = []
    log.subscribe(lambda stream: told.append((stream, base.rows("SELECT stream FROM events"))))
    with pytest.raises(Unavailable), enter(index, "build/app:1") as record:
        log.append("build/app:1", first(record), expected=0)
        raise Unavailable("the disk is full")
    assert ([], [], []) == (index.list(), log.read("build/app:1"), told)
    with enter(index, "build/app:1") as record:
        log.append("build/app:1", first(record), expected=0)
        assert [] == told  # nobody hears of what may yet be undone
    assert [("build/app:1", [("build/app:1",)])] == told
    assert [record] == index.list()
    ((version, event),) = log.read("build/app:1")
    assert (1, 1) == (version, event.data["number"])  # that of the first one was given back


KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from cicd.event import Event, EventKind
from cicd.store.database import Database
from cicd.store.event_log import SqliteEventLog
from cicd.store.executions import SqliteExecutionIndex
base, at = Database(Path(sys.argv[1])), datetime.now(UTC)
with SqliteExecutionIndex(base).submission(
    "build/app:1", kind="build", name="app", status="IN_PROGRESS", parent=None, at=at
):
    event = Event(kind=EventKind.SUBMITTED, at=at, data={})
    SqliteEventLog(base).append("build/app:1", [event], expected=0)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_while_an_execution_is_entered_leaves_nothing_of_it(tmp_path):
    base = base_in(tmp_path)
    program = [sys.executable, "-c", KILLED, str(tmp_path / "state.db")]
    assert -signal.SIGKILL == subprocess.run(program, check=False).returncode
    index = SqliteExecutionIndex(base)
    assert ([], []) == (index.list(), SqliteEventLog(base).read("build/app:1"))
    assert 1 == submit(index, "build/app:1").number


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("updated_at", "\0"),
        ("created_at", b"\xff"),
        ("created_at", 7),
        ("stream", b"\xff"),
        ("status", b"x"),
        ("number", "x"),
    ],
)
def test_an_entry_of_another_shape_is_damage_and_no_bug(tmp_path, column, value):
    index = index_in(tmp_path)
    submit(index, "build/app:1")
    with base_in(tmp_path).transaction() as transaction:
        transaction.write(f"UPDATE executions SET {column} = ?", (value,))
    with pytest.raises(Unavailable, match=r"state\.db: "):
        index.list()


def test_a_last_number_that_is_none_is_damage_and_no_bug(tmp_path):
    index = index_in(tmp_path)
    submit(index, "build/app:1")
    with base_in(tmp_path).transaction() as transaction:
        transaction.write("UPDATE numbers SET last = 'x'")
    with pytest.raises(Unavailable, match="'x' is no number of an execution"):
        submit(index, "build/app:2")


@pytest.mark.parametrize("harm", ["DROP TABLE executions", "PRAGMA user_version = 0"])
def test_a_state_that_lacks_what_a_state_has_is_damage_and_no_bug(tmp_path, harm):
    submit(index_in(tmp_path), "build/app:1")
    with base_in(tmp_path).transaction() as transaction:
        transaction.write(harm)
    with pytest.raises(Unavailable, match="is not laid out as a state is"):
        index_in(tmp_path).list()
