"""
Do harm on purpose, and count what was lost: `./run faults` prints the table and writes the page.

    python tools/faults.py [NAME...]
"""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from pathlib import Path

from faults_disk import DISK
from faults_fleet import FLEETS
from faults_function import FUNCTIONS
from faults_kill import KILLS
from faults_push import PUSHES
from faults_repository import REPOSITORIES
from faults_serve import SERVES
from faults_shift import SHIFTS
from faults_traffic import TRAFFIC
from faults_upkeep import UPKEEP
from faults_world import Row, Skipped, World
from faults_world_at_large import AT_LARGE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
INTRODUCTION = """# What survives

`./run faults` does all this harm to real runs, from outside, and writes this page: each row says
what was done, how often, and what was lost by it. Lost is whatever a run had written, or said it
had done, and that is not there any more; work that is done twice; a file of yours that changed.
Where a row was not done, it says what this machine lacks for it.

What holds it together: an execution is its log of events, written before and after each step
([architecture](architecture.md#the-engine)); a command goes on when `cicd` dies, and is joined
again; logs, artifacts and caches appear whole or not at all.

After any of this, `cicd status` says what was left in the middle and how to go on,
`cicd doctor --reap` removes what nobody wants any more, and `cicd state check` reads all of it.
A disk that dies takes the home with it: `cicd state backup FILE`, on another disk, is for that.

"""


def main(names: list[str]) -> int:
    """Do what is asked for, or all of it; the status is 1 if anything was lost."""
    every = {
        **KILLS,
        **PUSHES,
        **UPKEEP,
        **FLEETS,
        **FUNCTIONS,
        **SHIFTS,
        **SERVES,
        **TRAFFIC,
        **DISK,
        **AT_LARGE,
        **REPOSITORIES,
    }
    unknown = [name for name in names if name not in every]
    if unknown:
        print(f"'{unknown[0]}' is not a fault; there are: {', '.join(every)}", file=sys.stderr)
        return 2
    rows = []
    for name in names or every:
        begun = time.monotonic()
        # A session that was killed may still hold a mount for a moment.
        with tempfile.TemporaryDirectory(
            prefix="cicd-faults-", ignore_cleanup_errors=True
        ) as scratch:
            place = Path(scratch).resolve()
            try:
                row = every[name](place)
            except Skipped as reason:
                row = Row(did=name, times=0, then=f"not done: {reason}", lost="–")
            for home in (*place.glob("*/.cicd"), *place.glob("*/*/.cicd")):
                World(directory=home.parent).run("doctor", "--reap")
        rows.append(row)
        took = time.monotonic() - begun
        print(
            f"{row.lost:>8}  {row.times:>4} ×  {row.did}: {row.then}  ({took:.0f} s)", flush=True
        )
    if not names:
        PAGE.write_text(INTRODUCTION + _table(rows), "utf-8")
        print(f"written to {PAGE}")
    return 1 if any(row.lost not in {"nothing", "–"} for row in rows) else 0


def _table(rows: list[Row]) -> str:
    lines = [
        "| what was done | how often | what happened | lost |",
        "| --- | --- | --- | --- |",
        *(f"| {row.did} | {row.times or '–'} | {row.then} | {row.lost} |" for row in rows),
    ]
    made = f"\nMeasured on {platform.system()} {platform.machine()}, Python "
    return "\n".join(lines) + "\n" + made + f"{platform.python_version()}.\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
