"""`cicd build --watch`, from outside."""

import subprocess
import time

import pytest

from tests.cli.killed import PATIENCE, Outside


@pytest.fixture
def outside(tmp_path):
    return Outside(tmp_path)


def read_until(process, wanted):
    said, until = "", time.monotonic() + PATIENCE
    while wanted not in said:
        line = process.stdout.readline().decode()
        assert line, said
        assert time.monotonic() < until
        said += line
    return said


def spec(directory, command):
    (directory / "buildspec.yml").write_text(
        f"version: 0.2\nphases: {{build: {{commands: ['{command}']}}}}\n"
    )


def test_a_change_builds_again_and_stops_what_runs(outside):
    spec(outside.directory, "echo first")
    process = outside.start(
        "build",
        "--watch",
        *("--runner", "host"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert "first" in read_until(process, "waiting for a change")
        spec(outside.directory, "echo begun; sleep 600")
        assert "── buildspec.yml changed ──" in read_until(process, "begun\n")
        (outside.directory / "buildspec.yml").write_text("version: 9\n")
        assert "STOPPED" in read_until(process, "waiting for a change")
        spec(outside.directory, "echo last")
        assert "last" in read_until(process, "waiting for a change; Ctrl-C leaves\n")
    finally:
        process.send_signal(2)
        rest, _ = process.communicate(timeout=PATIENCE)
    assert 0 == process.returncode, rest
    statuses = [line.split()[2] for line in outside.run("builds", "list")[1].splitlines()[1:]]
    assert ["SUCCEEDED", "STOPPED", "SUCCEEDED"] == statuses


def test_a_module_of_the_repository_is_not_taken_for_one_of_ours(outside):
    outside.command.insert(1, "-P")
    (outside.directory / "json.py").write_text("raise SystemExit('theirs')\n")
    spec(outside.directory, "echo ours")
    process = outside.start(
        *("build", "--watch", "--runner", "host"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        said = read_until(process, "waiting for a change")
    finally:
        process.send_signal(2)
        process.communicate(timeout=PATIENCE)
    assert ("ours" in said, "theirs" in said) == (True, False), said
