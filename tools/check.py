"""
Every check of this project that is not a test: all are run, the ones that say no are shown.

    python tools/check.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
CHECKS = {
    "format": ("ruff", "format", "--check", "--quiet", "."),
    "lint": ("ruff", "check", "--quiet", "."),
    "types": ("mypy",),
    "import rules": ("lint-imports",),
    "unused code": ("python", "tools/check_unused.py"),
    "documents": ("python", "tools/check_docs.py"),
}


def run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run one check from the root of the project, its two outputs in one."""
    program, *arguments = command
    return subprocess.run(
        (PROGRAMS / program, *arguments),
        cwd=HERE,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def main() -> int:
    """Run them, two or more at a time, and say in their own order how each went."""
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, done in zip(CHECKS, pool.map(run, CHECKS.values()), strict=True):
            print(f"{'ok' if done.returncode == 0 else 'NO':>4}  {name}", flush=True)
            if done.returncode:
                failed = True
                print(done.stdout, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
