"""What a pipeline's actions cost beside their work: rows of ``tools/bench.py``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bench_measure import PYTHON, Row, goal, measure, not_measured, run

PIPELINE = Path(__file__).with_name("bench_pipeline.py")
ACTIONS = 1_000
MEMORY = 200  # MiB


def thousand_actions(directory: Path, runs: int) -> bool:
    """A pipeline of 1,000 actions that run `true`, its log kept, against ninja and doit."""
    if shutil.which("ninja") is None:
        return not_measured("A thousand actions", "there is no ninja")
    jobs = str(os.cpu_count() or 1)
    edges = "".join(f"build t{number}: t\n" for number in range(ACTIONS))
    (directory / "build.ninja").write_text(f"rule t\n  command = true\n{edges}", encoding="utf-8")
    row: Row = {"ninja": ("ninja", "-j", jobs)}
    if shutil.which("doit") is not None:
        (directory / "dodo.py").write_text(
            f"def task_t():\n    for number in range({ACTIONS}):\n"
            "        yield {'name': str(number), 'actions': ['true']}\n",
            encoding="utf-8",
        )
        row["doit"] = ("doit", "-n", jobs)
    row["a pipeline"] = (PYTHON, str(PIPELINE), "host", str(ACTIONS), jobs)
    least = measure("A thousand actions", row, directory, max(1, runs // 5))
    if "doit" not in row:
        print("  doit: not measured: it is not installed")
    return goal("within 1.25 x ninja", least["a pipeline"], 1.25 * least["ninja"])


def many_actions(directory: Path, _runs: int) -> bool:
    """A pipeline of 10,000 actions with nothing to do, in memory: time and memory an action."""
    print("\nActions with nothing to do, in memory")
    each: dict[int, float] = {}
    memory = 0.0
    for actions in (100, 1_000, 10_000):
        said = run((PYTHON, str(PIPELINE), "memory", str(actions), "2"), directory)
        each[actions], memory = map(float, said.split())
        print(f"  {actions:>6} actions {each[actions]:>8.2f} ms an action {memory:>6.0f} MiB")
    met = [
        goal("an action within 0.5 ms", each[10_000] / 1000, 0.0005),
        goal("linear: 10,000 within 1.5 x 100", each[10_000] / 1000, 1.5 * each[100] / 1000),
    ]
    print(f"  {'met   ' if memory <= MEMORY else 'MISSED'}  {memory:.0f} of {MEMORY} MiB")
    return all(met) and memory <= MEMORY
