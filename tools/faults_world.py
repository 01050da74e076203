"""What the faults have in common: a repository, the command typed in it, and what is counted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300.0  # seconds after which something that must happen counts as lost
MOMENTS = 10  # at which a command is killed
LINES = 12
# The last keeps Python from caching what it compiles, so that a start takes seconds.
_UNWANTED = ("CICD_HOME", "PYTHONDONTWRITEBYTECODE")
SPEC = f"""version: 0.2
phases:
  build:
    commands:
      - echo first; V=kept
      - i=0; while [ $i -lt {LINES} ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done
      - echo "after $V" && echo made > made.txt
artifacts: {{files: [made.txt]}}
"""
RESUME = {
    "build": ("builds", "resume"),
    "pipeline": ("pipeline", "resume"),
    "deployment": ("deploy", "resume"),
}
EXPECTED = ["first", *(f"line {number}" for number in range(LINES)), "after kept"]


class Skipped(Exception):
    """A fault for which this machine lacks something; the text says what."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    did: str
    times: int
    then: str
    lost: str  # "nothing", or what


@dataclass(kw_only=True)
class World:
    """One directory with the command in it."""

    directory: Path
    program: tuple[str, ...] = ("-m", "cicd")  # what Python runs
    before: tuple[str, ...] = ()  # words before Python: another machine, say
    losses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the directory, with a buildspec."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "buildspec.yml").write_text(SPEC, "utf-8")

    @property
    def home(self) -> Path:
        """Where the state is."""
        return self.directory / ".cicd"

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the command, in a group of its own, and do not wait."""
        return subprocess.Popen(
            [*self.before, sys.executable, *self.program, *words],
            cwd=self.directory,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *words: str) -> tuple[int, str]:
        """Type the command; gives its status and all it said."""
        process = self.start(*words)
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            self.losses.append(f"cicd {' '.join(words)} never ended")
            return -1, ""
        return process.returncode, said.decode("utf-8", "replace")

    def result(self, *words: str) -> dict[str, object]:
        """Type the command with --output json, and give its last line."""
        status, said = self.run(*words, "--output", "json")
        lines = said.splitlines()
        try:
            return dict(json.loads(lines[-1]))
        except (IndexError, ValueError):
            self.losses.append(f"cicd {' '.join(words)} ended with {status}: {said[-200:]}")
            return {}

    def lose_unless(self, condition: object, what: str) -> None:
        """Note a loss."""
        if not condition:
            self.losses.append(what)

    def check_state(self) -> None:
        """Have the whole state read."""
        if not (self.home / "state.db").exists():
            return
        status, said = self.run("state", "check")
        self.lose_unless(status == 0, f"the state is damaged: {said[-300:]}")

    def check_log(self, run: str) -> None:
        """See that a build's log has each line that was printed, once, in order."""
        lines = self.printed(run)
        self.lose_unless(lines == EXPECTED, f"the log of {run} is {lines}")

    def printed(self, run: str) -> list[str]:
        """Give what the commands of a build printed, without the service's own lines."""
        _, said = self.run("logs", run)
        return [line for line in said.splitlines() if line and not line.startswith("[Container]")]

    def git(self, *words: str) -> str:
        """Run git here, as somebody."""
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        more = ["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *who, *more, *words],
            cwd=self.directory,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self) -> None:
        """Make it a repository, with one commit of all that is there."""
        self.git("init", "-q", "-b", "main")
        self.git("add", "--all")
        self.git("commit", "-qm", "all")

    def row(self, did: str, times: int, then: str) -> Row:
        """Say how it went."""
        lost = "; ".join(dict.fromkeys(self.losses)) or "nothing"
        return Row(did=did, times=times, then=then, lost=lost.replace("|", "/").replace("\n", " "))

    def environment(self) -> dict[str, str]:
        """Give this process's, without what only it is told."""
        return {
            **{name: value for name, value in os.environ.items() if name not in _UNWANTED},
            "PYTHONPATH": str(ROOT),
        }


def left(world: World, kind: str) -> list[str]:
    """Give the ids of the runs of a kind that have not ended, and that nobody drives."""
    executions = world.result("status", "--limit", "100").get("executions")
    found = executions.get(kind, []) if isinstance(executions, dict) else []
    return [str(each["id"]) for each in found if each["leftInTheMiddle"]]


def newest(world: World, kind: str) -> str:
    """Give the id of the newest run of a kind."""
    executions = world.result("status", "--limit", "1").get("executions")
    return str(executions[kind][0]["id"]) if isinstance(executions, dict) else ""


def usual_runner() -> str:
    """Say where the builds of the faults run: what needs the least."""
    return "sandbox" if shutil.which("bwrap") else "host"


@dataclass(frozen=True, kw_only=True)
class Life:
    """How long a command takes when nobody kills it, in seconds from its start."""

    first: float  # to its first word
    whole: float


def lived(world: World, *words: str, times: int = 2) -> Life:
    """See how long a command takes, at the last of so many times: the first is slow."""
    for _ in range(times):
        begun = time.monotonic()
        process = world.start(*words)
        assert process.stdout is not None
        said = process.stdout.readline()
        first = time.monotonic() - begun
        said += process.communicate()[0]
        life = Life(first=first, whole=time.monotonic() - begun)
        done = f"cicd {' '.join(words)}: {process.returncode}: {said[-200:]!r}"
        world.lose_unless(process.returncode == 0, done)
    return life


def killed_over_life(
    world: World,
    *words: str,
    life: Life,
    moments: int = MOMENTS,
    prepare: Callable[[int], object] = lambda _: None,
) -> Iterator[bool]:
    """
    Kill a command, as `kill -9` does, at moments from its first word to a little past its end.

    Args:
        world: Where it is typed.
        words: What is typed.
        life: How long it takes; of one that says nothing before its end, the latter half counts.
        moments: How often.
        prepare: Called with the number of the moment, before the command is started.

    Yields:
        Whether it was alive, after each.

    """
    begin = min(life.first, life.whole / 2)
    for moment in range(moments):
        prepare(moment)
        process = world.start(*words)
        try:
            process.communicate(
                timeout=begin + (life.whole * 1.05 - begin) * moment / (moments - 1)
            )
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            yield True
        else:
            yield False


def resumed(world: World, kind: str, *words: str) -> list[str]:
    """Go on with each run of a kind that was left, to its success; give their ids."""
    ids = left(world, kind)
    for each in ids:
        status, said = world.run(*RESUME[kind], each, *words)
        world.lose_unless(status == 0, f"resume of a {kind} ended with {status}: {said[-200:]}")
    return ids
