"""What builds cost: their commands, their output, and many at once."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from math import nan
from typing import TYPE_CHECKING

from bench_measure import CICD, Ended, goal, measure, not_measured, run, seconds, show

if TYPE_CHECKING:
    from pathlib import Path

LINES = 1_000_000
AT_ONCE = 10
COMMANDS = tuple(f"echo command {number}" for number in range(1, 21))
IMAGE = os.environ.get("CICD_TEST_IMAGE", "cicd-test:latest")
BUILD = (CICD, "build", "--image", IMAGE, "--runner", "docker", "--output", "plain")
RIVAL = "gitlab-ci-local"  # npm install --global gitlab-ci-local; it also needs rsync


def written(directory: Path, *commands: str) -> Path:
    """Make a directory with a buildspec of these commands, and give it."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"      - {command}\n" for command in commands)
    text = f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}"
    (directory / "buildspec.yml").write_text(text, encoding="utf-8")
    return directory


def no_image(title: str, directory: Path) -> bool:
    """Say that a row needs an engine with the image, where there is none."""
    try:
        run(("docker", "image", "inspect", IMAGE), directory)
    except Ended as ended:
        return not_measured(title, str(ended))
    return False


def twenty_commands(directory: Path, runs: int) -> bool:
    """Twenty trivial commands: a whole build against one plain container of the same."""
    title = "Twenty commands"
    if no_image(title, directory):
        return True
    one = written(directory / "one-command", COMMANDS[0])
    twenty = written(directory / "twenty-commands", *COMMANDS)
    row = {
        "docker run": ("docker", "run", "--rm", IMAGE, "sh", "-c", "\n".join(COMMANDS)),
        "cicd build": (*BUILD, str(twenty)),
        "cicd build, the first of them": (*BUILD, str(one)),
    }
    least = measure(title, row, directory, runs)
    allowed = 1.15 * least["docker run"] + 0.1
    more = least["cicd build"] - least["cicd build, the first of them"]
    each = more / (len(COMMANDS) - 1)
    return all(
        [
            goal("build within 1.15 x docker run + 100 ms", least["cicd build"], allowed),
            goal("each further command within 10 ms", each, 0.01),
        ]
    )


def ten_builds(directory: Path, runs: int) -> bool:
    """Ten builds of one command at once, of a batch and on their own, against plain containers."""
    title = "Ten builds at once"
    if no_image(title, directory):
        return True
    places = [written(directory / f"at-once-{n}", COMMANDS[0]) for n in range(AT_ONCE)]
    batch = written(directory / "batch", COMMANDS[0])
    for place in (*places, batch):  # else all of them share one home, found upwards
        (place / ".git").mkdir(exist_ok=True)
    builds = "".join(f"    - identifier: build{number}\n" for number in range(AT_ONCE))
    with (batch / "buildspec.yml").open("a", encoding="utf-8") as buildspec:
        buildspec.write(f"batch:\n  build-list:\n{builds}")
    row: dict[str, list[tuple[str, ...]]] = {
        "docker run": [("docker", "run", "--rm", IMAGE, "sh", "-c", COMMANDS[0])] * AT_ONCE,
        "cicd build --batch": [(*BUILD, "--batch", "--jobs", str(AT_ONCE), str(batch))],
        "cicd build, ten programs": [(*BUILD, str(place)) for place in places],
    }
    taken: dict[str, list[float]] = {name: [] for name in row}
    for number in range(max(5, runs // 3) + 1):
        for name, commands in row.items():
            took = at_once(commands, places)
            taken[name] += [took] if number else []  # the first run fills caches
    least = show(title, taken)
    allowed = 1.15 * least["docker run"]
    return goal("ten builds within 1.15 x docker run", least["cicd build --batch"], allowed)


def at_once(commands: list[tuple[str, ...]], places: list[Path]) -> float:
    """Run programs beside each other, and give how long all of them took."""
    with ThreadPoolExecutor(len(commands)) as threads:
        begin = time.perf_counter()
        list(threads.map(seconds, commands, places))
        return time.perf_counter() - begin


def million_lines(directory: Path, runs: int) -> bool:
    """A million lines: a build that shows and keeps them, a pipe to a file, gitlab-ci-local."""
    command = f"seq {LINES}"
    place = written(directory / "lines", command)
    row = {
        "seq | cat > file": ("sh", "-c", f"{command} | cat > lines"),
        "cicd build": (CICD, "build", str(place), "--runner", "host", "--output", "plain"),
    }
    least = measure("A million lines", row, place, max(3, runs // 5))
    met = goal("a million lines within 1.5 s", least["cicd build"], 1.5)
    theirs = rival(directory / "rival", command)
    return goal(f"ten times as fast as {RIVAL}", least["cicd build"], theirs / 10) and met


def rival(place: Path, command: str) -> float:
    """Give how long the other program takes for a command, in seconds; ``nan``: it cannot."""
    program = shutil.which(RIVAL)
    if program is None or shutil.which("rsync") is None:
        print(f"  {RIVAL}: not measured: it is not on PATH with the rsync that it needs")
        return nan
    try:
        repository(place, f"job:\n  script:\n    - {command}\n")
        took = min(
            seconds((program, "--shell-executor-no-image=true", "job"), place) for _ in range(2)
        )
    except Ended as ended:
        print(f"  {RIVAL}: not measured: {ended}")
        return nan
    print(f"  {RIVAL:<32}{took * 1000:>15.0f} ms")
    return took


def repository(place: Path, text: str) -> None:
    """Make a git repository of a GitLab pipeline, as that program insists."""
    place.mkdir()
    (place / ".gitlab-ci.yml").write_text(text, encoding="utf-8")
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for words in (
        ("init", "-q"),
        ("remote", "add", "origin", "git@gitlab.com:bench/bench.git"),
        ("add", "--all"),
        ("commit", "-qm", "bench"),
    ):
        run((*git, *words), place)
