"""A machine that will not: a full disk, a damaged home, streams that are gone."""

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.conftest import PROGRAM


def no_file_may_grow():
    """Give the child what a full disk gives, as root and not: a write that is refused."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_disk_without_room_is_said_and_nothing_has_begun(place):
    # Else Python keeps what fits of each file that it compiles, and cannot read it ever after.
    kept = {"PYTHONDONTWRITEBYTECODE": "1"}
    ended = place.cicd("build", limit=no_file_may_grow, environ=kept)
    assert (4, "") == (ended.status, ended.out)
    assert ["error", "hint"] == [line.split(":")[0] for line in ended.err.splitlines()]
    assert 0 == place.cicd("build").status


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (os.urandom(5000), "state.db is not a database"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "state.db is not a database"),
    ],
)
def test_a_home_that_is_damaged_is_said(place, content, said):
    place.write(".cicd/state.db", content)
    ended = place.cicd("builds", "list")
    assert (4, "") == (ended.status, ended.out)
    assert said in ended.err
    assert content == (place.path / ".cicd" / "state.db").read_bytes()


def test_a_home_of_a_newer_cicd_is_left_alone(place):
    assert 0 == place.cicd("build").status
    with sqlite3.connect(place.path / ".cicd" / "state.db") as database:
        database.execute("PRAGMA user_version = 99")
    ended = place.cicd("build")
    assert (4, "") == (ended.status, ended.out)
    assert "was written by a newer cicd" in ended.err


def test_an_event_that_is_damaged_is_said(place):
    assert 0 == place.cicd("build").status
    with sqlite3.connect(place.path / ".cicd" / "state.db") as database:
        database.execute("UPDATE events SET data = '{'")
        (stream,) = database.execute("SELECT stream FROM executions").fetchone()
    ended = place.cicd("builds", "resume", stream.removeprefix("build/"))
    assert (4, "") == (ended.status, ended.out)
    assert "is damaged" in ended.err


@pytest.mark.parametrize(
    "name", [".cicd", ".cicd/state.db/x", ".cicd/logs", ".cicd/artifacts", ".cicd/sessions"]
)
def test_a_file_where_a_directory_belongs_is_said_before_anything_begins(place, name):
    place.write(name, "")
    ended = place.cicd("build")
    assert (4, "") == (ended.status, ended.out)
    assert ["error", "hint"] == [line.split(":")[0] for line in ended.err.splitlines()]


def test_a_working_directory_that_was_removed_is_said(place):
    script = (
        "import os, sys; from cicd.cli import main\n"
        "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); main(['build'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": PROGRAM},
        cwd=place.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (4, "error: the directory you are in has been removed") == (
        done.returncode,
        done.stderr.splitlines()[0],
    )


GREEN = "version: 0.2\nphases: {build: {commands: ['true']}}\nextra: 1\n"  # with a warning
RED = GREEN.replace("true", "false")


@pytest.mark.parametrize(("spec", "status"), [(GREEN, 0), (RED, 1)])
@pytest.mark.parametrize("output", ["human", "plain", "json"])
def test_a_reader_that_leaves_does_not_end_the_build(place, output, spec, status):
    place.write("buildspec.yml", spec)
    read, write = os.pipe()
    os.close(read)
    for streams in (("stdout",), ("stdout", "stderr")):
        ended = place.cicd("build", "--output", output, **dict.fromkeys(streams, write))
        assert status == ended.status
    os.close(write)
    shown = place.cicd("builds", "list").out
    assert 2 == shown.count("FAILED" if status else "SUCCEEDED")


@pytest.mark.parametrize("words", ["status", "builds list", "logs", "--help"])
def test_a_reader_that_leaves_a_view_is_a_signal_s_status_and_quiet(place, words):
    place.write("buildspec.yml", GREEN)
    assert 0 == place.cicd("build").status
    read, write = os.pipe()
    os.close(read)
    ended = place.cicd(*words.split(), stdout=write)
    os.close(write)
    assert (141, "") == (ended.status, ended.err)


@pytest.mark.parametrize("output", ["human", "plain", "json"])
def test_a_red_build_is_red_where_its_log_cannot_be_written(place, output):
    place.write("buildspec.yml", RED)
    with Path("/dev/full").open("wb") as full:
        ended = place.cicd("build", "--output", output, stdout=full)
    assert 1 == ended.status
    assert "standard output cannot be used: No space left on device" in ended.err


@pytest.mark.parametrize(("spec", "status"), [(GREEN, 0), (RED, 1)])
def test_warnings_that_nobody_takes_leave_the_status_as_it_is(place, spec, status):
    place.write("buildspec.yml", spec)
    with Path("/dev/full").open("wb") as full:
        assert status == place.cicd("build", stderr=full).status


def test_a_full_disk_behind_standard_output_is_said_when_the_build_is_over(place):
    with Path("/dev/full").open("wb") as full:
        ended = place.cicd("build", stdout=full)
    assert (4, "error: standard output cannot be used: No space left on device") == (
        ended.status,
        ended.err.splitlines()[0],
    )
    assert "SUCCEEDED" in place.cicd("builds", "list").out


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["lint", "--nope"], 2),
        ([], 2),
        (["lint", "nowhere.yml"], 2),
        (["lint", "nowhere.yml", "--output", "json"], 2),
        (["build", "--buildspec", "bad.yml"], 3),
        (["build"], 0),
    ],
)
@pytest.mark.parametrize("streams", [("stderr",), ("stdout", "stderr")])
def test_a_message_that_nobody_takes_leaves_the_status_as_it_is(place, words, status, streams):
    place.write("bad.yml", "version: 9\n")
    with Path("/dev/full").open("wb") as full:
        ended = place.cicd(*words, **dict.fromkeys(streams, full))
    lost = words == ["build"] and "stdout" in streams  # what it was asked to print
    assert (4 if lost else status) == ended.status


def test_a_standard_output_that_is_only_read_is_no_bug(place):
    with Path(os.devnull).open("rb") as read:
        ended = place.cicd("--version", stdout=read)
    assert (4, "error: standard output cannot be used: Bad file descriptor") == (
        ended.status,
        ended.err.splitlines()[0],
    )


def test_closed_streams_are_no_bug(place):
    ended = place.cicd("build", limit=lambda: (os.close(1), os.close(2)))
    assert 0 == ended.status


@pytest.mark.parametrize("output", ["plain", "human", "json"])
def test_a_terminal_that_is_not_utf8_ends_no_build(place, output):
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases: {build: {commands: [\"printf '\\\\303\\\\274\\\\377\\\\n'\"]}}\n",
    )
    environ = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    assert 0 == place.cicd("build", "--output", output, environ=environ).status


@pytest.mark.parametrize(
    ("host", "said", "hinted"),
    [
        ("unix:///nowhere.sock", "no Docker engine answers at unix:///now", "`--runner sandbox`"),
        ("tcp://127.0.0.1:1", "no Docker engine answers at tcp://127.0.0.1:1", "DOCKER_HOST"),
        ("bogus", "'bogus' does not name a Docker engine", "tcp://HOST:PORT"),
    ],
)
def test_without_an_engine_a_build_says_how_to_go_on(place, host, said, hinted):
    ended = place.cicd("build", "--runner", "docker", environ={"DOCKER_HOST": host})
    assert (4, "") == (ended.status, ended.out)
    error, hint = ended.err.splitlines()
    assert said in error
    assert hinted in hint
