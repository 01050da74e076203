"""The test runner's own defaults must lose no test: one of them passes over `build`."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
# Which files are taken for tests is asked of the runner itself; what is in them is not read.
ASK = """
import pytest

class Ask:
    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path, parent):
        print("taken:", module_path.relative_to(parent.config.rootpath))
        return Nothing.from_parent(parent, path=module_path)

class Nothing(pytest.File):
    def collect(self):
        return ()

pytest.main(["--collect-only", "--quiet", "-p", "no:cacheprovider"], plugins=[Ask()])
"""


def test_a_run_of_everything_collects_every_test_file():
    said = subprocess.run(
        (sys.executable, "-c", ASK), cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    lines = [line.partition("taken: ") for line in said.stdout.splitlines()]
    collected = {name for _, mark, name in lines if mark}
    files = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "tests").rglob("test_*.py")}
    assert files == collected
