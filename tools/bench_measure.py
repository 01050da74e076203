"""What the benches are made of: programs run in turn, and goals that compare their times."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from math import isnan, nan
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS = Path(sys.executable).parent
PYTHON = str(PROGRAMS / "python")
CICD = str(PROGRAMS / "cicd")

# Compiled files are kept, as they are on anybody's machine.
ENVIRONMENT = {k: text for k, text in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

PATIENCE = 1200.0  # seconds for one run of a program

Row = dict[str, tuple[str, ...]]


class Ended(Exception):
    """A program that did not end well; ``ours``: it is one of this project."""

    def __init__(self, why: str, *, ours: bool) -> None:
        """Take why it is no good."""
        super().__init__(why)
        self.ours = ours


def run(command: Sequence[str], directory: Path) -> bytes:
    """Run a program to its good end, and give what it printed; raises ``Ended``."""
    name = Path(command[0]).name
    ours = any(place in word for word in command for place in (CICD, PYTHON))
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=ENVIRONMENT,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )
    except OSError as problem:
        raise Ended(f"{name} does not start: {problem.strerror}", ours=ours) from None
    except subprocess.TimeoutExpired:
        raise Ended(f"{name} takes more than {PATIENCE:.0f} s", ours=ours) from None
    if done.returncode:
        *_, last = (b"", *(done.stderr or done.stdout).strip().splitlines())
        said = last.decode(errors="replace")
        words = f"{name} ends with {done.returncode}" + (f": {said}" if said else "")
        raise Ended(words, ours=ours)
    return done.stdout


def installed(package: str, program: str, directory: Path) -> str:
    """Give a program of others: the one that is here, or one of an environment made for it."""
    found = shutil.which(program)
    if found is not None:
        return found
    place = directory / f"environment-{package}"
    try:
        run((PYTHON, "-m", "venv", str(place)), directory)
        run((str(place / "bin" / "pip"), "install", "--quiet", package), directory)
    except Ended as ended:
        raise Ended(str(ended), ours=False) from None
    return str(place / "bin" / program)


def seconds(command: Sequence[str], directory: Path) -> float:
    """Run a program once and give how long it took; raises ``Ended``."""
    begin = time.perf_counter()
    run(command, directory)
    return time.perf_counter() - begin


def measure(title: str, row: Row, directory: Path, runs: int) -> dict[str, float]:
    """
    Run each program of a row ``runs`` times, in turn; gives the minima, in seconds.

    A program of others that does not end well has ``nan``, and is said to be not measured;
    raises ``Ended`` for one of ours.
    """
    taken: dict[str, list[float]] = {name: [] for name in row}
    failed: dict[str, Ended] = {}
    for number in range(runs + 1):
        for name, command in row.items():
            if name in failed:
                continue
            try:
                took = seconds(command, directory)
            except Ended as ended:
                if ended.ours:
                    raise
                failed[name] = ended
            else:
                taken[name] += [took] if number else []  # the first run fills caches
    least = show(title, {name: each for name, each in taken.items() if name not in failed})
    for name, ended in failed.items():
        print(f"  {name}: not measured: {ended}")
    return {name: least.get(name, nan) for name in row}


def show(title: str, taken: dict[str, list[float]]) -> dict[str, float]:
    """Print a row of times, in seconds, and give the minima."""
    least = {name: min(each) for name, each in taken.items()}
    first, *_ = least.values()
    runs = len(next(iter(taken.values())))
    print(f"\n{title} ({runs} runs)\n{'':34}{'median':>9}{'min':>9}{'ratio':>8}")
    for name, each in taken.items():
        figures = f"{median(each) * 1000:>6.0f} ms{least[name] * 1000:>6.0f} ms"
        print(f"  {name:<32}{figures}{least[name] / first:>8.2f}", flush=True)
    return least


def not_measured(title: str, why: str) -> bool:
    """Say that a row is not measured, and why: that is no goal that is missed."""
    print(f"\n{title}: not measured: {why}", flush=True)
    return True


def goal(words: str, measured: float, allowed: float) -> bool:
    """
    Print one goal and whether it is met; both in seconds.

    A goal against what was not measured is ``nan``, and is not missed.
    """
    if isnan(allowed):
        print(f"  not measured: {words}")
        return True
    met = measured <= allowed
    mark = "met   " if met else "MISSED"
    digits = 0 if allowed >= 0.01 else 2
    measured, allowed = measured * 1000, allowed * 1000
    print(f"  {mark}  {words}: {measured:.{digits}f} ms of {allowed:.{digits}f} ms")
    return met
