"""A home whose files say what `cicd` never wrote: it says which, and writes over nothing."""

import json
import sqlite3
from contextlib import closing

import pytest

from cicd.backends.runner_host import HostRunner
from cicd.ports import Environment
from tests.cli.killed import Outside

SPEC = "version: 0.2\nphases: {build: {commands: ['true']}}\n"
SHAPES = ["[]", "{}", '"x"', '{"id": 1, "digest": "x", "sequence": "y"}', "[" * 100_000, "\udcff"]


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path / "app")
    made.directory.mkdir()
    (made.directory / "buildspec.yml").write_text(SPEC)
    assert 0 == made.run("build", "--runner", "host")[0]
    return made


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("STARTED", {}, "has no 'command'"),
        ("FINISHED", {"outcome": []}, "recorded Outcome"),
        ("SUBMITTED", {}, "has no 'plan'"),
        ("CONCLUDED", {"status": ["SUCCEEDED"]}, "StatusType"),
    ],
)
def test_an_event_of_another_shape_is_damage_and_no_bug(outside, kind, data, words):
    state = outside.directory / ".cicd" / "state.db"
    with closing(sqlite3.connect(state)) as database, database:
        database.execute("UPDATE events SET data = ? WHERE kind = ?", (json.dumps(data), kind))
    for command in (
        ["builds", "show"],
        ["builds", "resume"],
        ["builds", "retry"],
        ["events", "list"],
    ):
        status, _, said = outside.run(*command)
        assert (4, True) == (status, words in said), (command, said)
    with closing(sqlite3.connect(state)) as database:
        kept = database.execute("SELECT data FROM events WHERE kind = ?", (kind,)).fetchall()
    assert {json.dumps(data)} == {row[0] for row in kept}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "name", ["sessions/s/session.json", "cache/entries/e/entry.json", "audit.head", "audit.jsonl"]
)
def test_a_file_of_another_shape_stops_no_build(outside, name, shape):
    place = outside.directory / ".cicd" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(shape + "\n", "utf-8", "surrogateescape")
    for command in (["build", "--runner", "host"], ["status"], ["cache", "list"], ["audit"]):
        status, _, said = outside.run(*command)
        assert 0 == status, (command, said)
    if name.startswith("sessions"):
        status, out, said = outside.run("doctor")
        assert "sessions/s/session.json is not the record of a session" in out, said
        assert shape + "\n" == place.read_text("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "record",
    ["{}", '{"id": "s", "runner": "docker", "stream": "build/s:1", "state": {"image": "x"}}'],
)
def test_what_is_no_session_keeps_none_of_the_others_from_being_ended(outside, record):
    runner = HostRunner(outside.directory / ".cicd")
    runner.open("z", Environment(), stream="build/nobody:1")
    broken = outside.directory / ".cicd" / "sessions" / "a"
    broken.mkdir()
    (broken / "session.json").write_text(record)
    _, out, said = outside.run("doctor", "--reap")
    assert ("removed z" in out, broken.exists()) == (True, True), said
    assert "sessions/a/session.json is not the record of a session" in out
    assert runner.attach("z") is None
