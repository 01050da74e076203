"""A build whose ``cicd`` is killed in the middle of a command, and what becomes of it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 60.0  # seconds until something that must happen counts as missing
BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - echo first; V=kept
      - >-
        i=0; while [ $i -lt $LINES_WANTED ];
        do echo "line $i"; echo x >> times; i=$((i+1)); sleep 0.05; done
      - echo "after $V $(wc -l < times)"
"""


class Outside:
    """The command, as it is typed in one directory."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.command = [sys.executable, "-m", "cicd"]
        self.root = Path(__file__).parents[2]

    def start(self, *words, **more):
        return subprocess.Popen(
            [*self.command, *words], cwd=self.directory, env=self._environment(), **more
        )

    def run(self, *words):
        done = subprocess.run(
            [*self.command, *words],
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def ids(self):
        _, out, _ = self.run("builds", "list", "--output", "json")
        return json.loads(out.splitlines()[-1])["ids"]

    def _environment(self):
        return {**os.environ, "PYTHONPATH": str(self.root), "CICD_HOME": f"{self.directory}/.cicd"}


def begun(outside, *words, lines):
    """
    Start a build, and give its process once it is in the middle of its second command.

    That writes ``lines`` lines, twenty a second.
    """
    (outside.directory / "buildspec.yml").write_text(BUILDSPEC)
    process = outside.start(
        "build",
        "--env",
        f"LINES_WANTED={lines}",
        *words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    seen = b""
    until = time.monotonic() + PATIENCE
    while not seen.endswith(b"line 5\n"):
        line = process.stdout.readline()
        assert line, seen.decode()
        assert time.monotonic() < until
        seen += line
    return process


def assert_nothing_lost_and_nothing_twice(outside, *words):
    """Kill a build in the middle of a command, resume it, and compare its log to the byte."""
    process = begun(outside, *words, lines=40)
    process.kill()
    process.wait()
    process.stdout.close()
    (build_id,) = outside.ids()
    assert "IN_PROGRESS (left running)" in outside.run("builds", "list")[1]
    follower = outside.start("builds", "logs", "-f", build_id, stdout=subprocess.PIPE)
    status, _, said = outside.run("builds", "resume", build_id)
    assert (0, "") == (status, said)
    log = outside.run("builds", "logs", build_id)[1]
    written = [line for line in log.splitlines() if line and not line.startswith("[Container]")]
    expected = ["first", *(f"line {number}" for number in range(40)), "after kept 40"]
    assert expected == written
    assert log == follower.communicate(timeout=PATIENCE)[0].decode()
    for phase in ("INSTALL", "BUILD", "POST_BUILD"):
        assert 1 == log.count(f"Phase complete: {phase} State: SUCCEEDED")
    assert 3 == log.count("Running command")


def assert_a_build_killed_while_its_session_is_made_is_built(outside, place, *words):
    """
    Kill ``cicd`` in PROVISIONING, at "module:Class.function", or behind that with a "!"; resume.

    A build of the same home that waits meanwhile must not lose its session.
    """
    spec = "version: 0.2\nphases: {build: {commands: [echo x >> times, cat times]}}\n"
    (outside.directory / "buildspec.yml").write_text(spec)
    waits = outside.start(
        *("build", "--break-on", "BUILD", *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    until = time.monotonic() + PATIENCE
    while b"Its time ends" not in waits.stdout.readline():
        assert time.monotonic() < until
    dying = Outside(outside.directory)
    dying.command = [sys.executable, "-c", _DIES, place]
    assert -signal.SIGKILL == dying.run("build", *words)[0]
    (build_id, waiting) = outside.ids()
    status, _, said = outside.run("builds", "resume", build_id)
    assert 0 == status, said
    log = outside.run("builds", "logs", build_id)[1].splitlines()
    assert ["x"] == [line for line in log if line and not line.startswith("[Container]")]
    assert 0 == outside.run("builds", "resume", waiting)[0]
    assert 0 == waits.wait(PATIENCE)
    waits.stdout.close()
    assert [] == list((outside.directory / ".cicd" / "sessions").iterdir())


_DIES = """
import os, signal, sys
from importlib import import_module
from cicd.backends.head_start import HeadStart
from cicd.cli import program

place = sys.argv.pop(1)
module, _, name = place.rstrip("!").partition(":")
holder = import_module(module)
*outer, name = name.split(".")
for each in outer:
    holder = getattr(holder, each)
original = getattr(holder, name)

def dies(*words, **named):
    if place.endswith("!"):
        original(*words, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(holder, name, dies)
HeadStart.begin = lambda *words, **named: None  # before PROVISIONING there is no build yet
program()
"""
