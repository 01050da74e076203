"""The test runner's own defaults must lose no test: one of them passes over `build`."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_a_run_of_everything_collects_every_test_file():
    said = subprocess.run(
        (sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider"),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    collected = {line.partition("::")[0] for line in said.stdout.splitlines() if "::" in line}
    files = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "tests").rglob("test_*.py")}
    assert files == collected
