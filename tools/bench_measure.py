"""What the benches are made of: programs run in turn, and goals that compare their times."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

PROGRAMS = Path(sys.executable).parent
PYTHON = str(PROGRAMS / "python")
CICD = str(PROGRAMS / "cicd")

# Compiled files are kept, as they are on anybody's machine.
ENVIRONMENT = {k: text for k, text in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

Row = dict[str, tuple[str, ...]]


def seconds(command: tuple[str, ...], directory: Path) -> float:
    """Run a program once and give how long it took; its output is thrown away."""
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=directory,
        env=ENVIRONMENT,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    took = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return took


def measure(title: str, row: Row, directory: Path, runs: int) -> dict[str, float]:
    """Run each program of a row ``runs`` times, in turn; gives the minima, in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in row}
    for command in row.values():
        seconds(command, directory)  # the first run fills caches
    for _ in range(runs):
        for name, command in row.items():
            taken[name].append(seconds(command, directory))
    return show(title, taken)


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


def goal(words: str, measured: float, allowed: float) -> bool:
    """Print one goal and whether it is met; both in seconds."""
    met = measured <= allowed
    mark = "met   " if met else "MISSED"
    print(f"  {mark}  {words}: {measured * 1000:.0f} ms of {allowed * 1000:.0f} ms")
    return met
