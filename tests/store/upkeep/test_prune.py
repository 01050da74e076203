"""What is taken out of the stores of a home, and what is not."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from cicd.engine.clock import SystemClock
from cicd.event import Event, EventKind
from cicd.ports import ArtifactFile, LogLine
from cicd.store.event_log import SqliteEventLog
from cicd.store.log_files import LogFiles
from cicd.store.upkeep.stores import open_stores

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NOW = LONG_AGO + timedelta(days=90)


@pytest.fixture
def stores(tmp_path):
    with open_stores(tmp_path, SystemClock()) as opened:
        yield opened


def artifact(stores, tmp_path, text, *, old=True):
    source = tmp_path / "source"
    source.write_text(text)
    kept = stores.artifacts.put([ArtifactFile(path="a", source=source)])
    if old:
        age(stores.artifacts.path(kept))
    return kept


def age(path):
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def execution(stores, tmp_path, stream, status, digest):
    stores.executions.submit(
        stream, kind="build", name="app", status=status, parent=None, at=LONG_AGO
    )
    event = Event(kind=EventKind.FINISHED, at=LONG_AGO, key="", data={"artifact": {"d": digest}})
    SqliteEventLog(stores.database).append(stream, [event], expected=0)
    logs = LogFiles(tmp_path / "logs")
    logs.append(stream, LogLine(at=LONG_AGO, origin="", text="hello"))
    logs.close()


def removable(stores):
    found = stores.upkeep.removable(stores.executions.list(), NOW)
    return {(each.kind, each.name) for each in found}


def test_logs_and_artifacts_of_forgettable_executions_go_and_those_of_others_stay(
    stores, tmp_path
):
    old, shared, new = (artifact(stores, tmp_path, text) for text in ("old", "shared", "new"))
    orphan = artifact(stores, tmp_path, "orphan")
    execution(stores, tmp_path, "build/app:1", "SUCCEEDED", old.digest)
    execution(stores, tmp_path, "build/app:2", "SUCCEEDED", shared.digest)
    execution(stores, tmp_path, "build/app:3", "SUCCEEDED", f"{new.digest} {shared.digest}")
    assert {
        ("log", "build/app:1"),
        ("log", "build/app:2"),
        ("artifact", old.digest),
        ("artifact", orphan.digest),
    } == removable(stores)


def test_what_was_put_within_the_hour_or_while_something_runs_stays(stores, tmp_path):
    artifact(stores, tmp_path, "just put", old=False)
    assert set() == {each for each in removable_now(stores) if each[0] == "artifact"}
    lost = artifact(stores, tmp_path, "older than all")
    stores.executions.submit(
        "build/app:1", kind="build", name="app", status="IN_PROGRESS", parent=None, at=LONG_AGO
    )
    os.utime(stores.artifacts.path(lost), (LONG_AGO.timestamp() + 1,) * 2)
    assert set() == removable(stores)


def removable_now(stores):
    found = stores.upkeep.removable(stores.executions.list(), datetime.now(UTC))
    return {(each.kind, each.name) for each in found}


def test_an_artifact_that_is_put_again_meanwhile_is_not_removed(stores, tmp_path):
    kept = artifact(stores, tmp_path, "twice")
    (chosen,) = stores.upkeep.removable([], NOW)
    artifact(stores, tmp_path, "twice", old=False)
    os.utime(stores.artifacts.path(kept), (NOW.timestamp(),) * 2)
    assert not chosen.remove()
    assert stores.artifacts.find(kept.digest) == kept
    age(stores.artifacts.path(kept))
    assert chosen.remove()
    assert stores.artifacts.find(kept.digest) is None
