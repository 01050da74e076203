import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.errors import Conflict, Unavailable
from cicd.event import Event, EventKind
from cicd.store.database import Database
from cicd.store.event_log import SqliteEventLog

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def event(key="", kind=EventKind.STARTED, **data):
    return Event(kind=kind, at=AT, key=key, data=data)


def log_in(tmp_path):
    return SqliteEventLog(Database(tmp_path / "state.db"))


def test_events_come_back_as_they_were_with_their_versions(tmp_path):
    log = log_in(tmp_path)
    first = event("BUILD/1/1", command={"type": "RunCommand", "n": [1, 2.5, None, True]})
    second = event(kind=EventKind.CONCLUDED, status="SUCCEEDED")
    assert 2 == log.append("build/app:1", [first, second], expected=0)
    assert [(1, first), (2, second)] == log.read("build/app:1")
    assert [(2, second)] == log.read("build/app:1", after=1)


def test_streams_do_not_see_each_other(tmp_path):
    log = log_in(tmp_path)
    log.append("a", [event("x")], expected=0)
    assert 1 == log.append("b", [event("y")], expected=0)
    assert ["y"] == [e.key for _, e in log.read("b")]
    assert [] == log.read("c")


def test_a_wrong_version_is_a_conflict_and_writes_nothing(tmp_path):
    log = log_in(tmp_path)
    log.append("a", [event()], expected=0)
    for expected in (0, 2):
        with pytest.raises(Conflict):
            log.append("a", [event("late")], expected=expected)
    assert 1 == len(log.read("a"))


def test_read_only_mappings_can_be_written(tmp_path):
    log = log_in(tmp_path)
    data = MappingProxyType({"plan": MappingProxyType({"phases": ("a", "b")})})
    log.append("a", [Event(kind=EventKind.SUBMITTED, at=AT, data=data)], expected=0)
    assert {"plan": {"phases": ["a", "b"]}} == dict(log.read("a")[0][1].data)


def test_subscribers_hear_of_appends_that_were_kept_until_they_leave(tmp_path):
    log = log_in(tmp_path)
    heard = []
    leave = log.subscribe(heard.append)
    log.append("a", [event()], expected=0)
    with pytest.raises(Conflict):
        log.append("a", [event()], expected=0)
    leave()
    leave()
    log.append("a", [event()], expected=1)
    assert ["a"] == heard


def test_of_racing_appends_with_one_expected_version_one_wins(tmp_path):
    log = log_in(tmp_path)
    won = []

    def race(n):
        with suppress(Conflict):
            won.append(log.append("a", [event(str(n))], expected=0))

    threads = [threading.Thread(target=race, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [1] == won
    assert 1 == len(log.read("a"))


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cicd.errors import Conflict, Unavailable
from cicd.event import Event, EventKind
from cicd.store.database import Database
from cicd.store.event_log import SqliteEventLog
log = SqliteEventLog(Database(Path(sys.argv[1])))
for n in range(int(sys.argv[3])):
    while True:
        version = len(log.read("a"))
        events = [Event(kind=EventKind.STARTED, at=datetime.now(UTC), key=f"{sys.argv[2]}/{n}/{i}")
                  for i in range(2)]
        try:
            log.append("a", events, expected=version)
            break
        except Conflict:
            continue
    print(n, flush=True)
"""


def writer(tmp_path, name, times):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "state.db"), name, str(times)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_writing_one_stream_lose_and_double_nothing(tmp_path):
    running = [writer(tmp_path, name, 25) for name in "xy"]
    assert [0, 0] == [process.wait() for process in running if process.stdout.read()]
    read = log_in(tmp_path).read("a")
    assert list(range(1, 101)) == [version for version, _ in read]
    for name in "xy":
        keys = [e.key for _, e in read if e.key.startswith(name)]
        assert [f"{name}/{n}/{i}" for n in range(25) for i in range(2)] == keys


def test_a_writer_killed_at_any_moment_leaves_whole_appends_and_all_it_was_told_of(tmp_path):
    process = writer(tmp_path, "x", 100000)
    told = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    events = [e.key for _, e in log_in(tmp_path).read("a")]
    assert 0 == len(events) % 2
    assert len(events) // 2 >= len([line for line in told if line.endswith("\n")])
    assert [f"x/{n}/{i}" for n in range(len(events) // 2) for i in range(2)] == events


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def shared_log(tmp_path_factory):
    return log_in(tmp_path_factory.mktemp("log"))


@settings(max_examples=60, deadline=None)
@given(
    data=st.dictionaries(st.text(), JSON, max_size=4),
    key=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - aware by timezones=
)
def test_any_event_comes_back_equal(shared_log, data, key, at):
    written = Event(kind=EventKind.FINISHED, at=at, key=key, data=data)
    version = shared_log.append("s", [written], expected=len(shared_log.read("s")))
    assert [(version, written)] == shared_log.read("s", after=version - 1)


def test_an_event_that_lacks_what_it_must_have_names_its_file(tmp_path):
    log = log_in(tmp_path)
    log.append("build/app:1", [event()], expected=0)
    ((_, found),) = log.read("build/app:1")
    assert found.data.get("command") is None
    with pytest.raises(Unavailable, match=r"state\.db: .*'build/app:1'.* version 1 .*'command'"):
        found.data["command"]


@pytest.mark.parametrize("gone", [1, 2])
def test_an_event_that_is_missing_is_told_before_anything_is_made_of_the_rest(tmp_path, gone):
    log = log_in(tmp_path)
    log.append("s", [event(), event(), event()], expected=0)
    with closing(sqlite3.connect(tmp_path / "state.db")) as database, database:
        database.execute("DELETE FROM events WHERE version = ?", (gone,))
    with pytest.raises(Unavailable, match=f"'s' has no event {gone}"):
        log.read("s")
    assert [3] == [version for version, _ in log.read("s", after=2)]
