"""Lint of CloudFormation templates against cfn-lint, which is installed for the occasion."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

from bench_measure import CICD, PYTHON, goal, measure
from lint_corpus import corpus

from cicd.document.cloudformation.template import is_template
from cicd.document.load import load

if TYPE_CHECKING:
    from pathlib import Path

_RUNS = 3  # cfn-lint takes long enough to be measured by few


def templates(directory: Path, _: int) -> bool:
    """Lint of the corpus's templates; "not measured" without it, or without cfn-lint."""
    root = corpus() / "pipeline"
    paths = sorted(root.iterdir()) if root.is_dir() else []
    named = [str(path) for path in paths if is_template(load(path, path.name))]
    rival = _cfn_lint(directory) if named else None
    if rival is None:
        print("\nLint of templates: not measured (needs the corpus, and cfn-lint)")
        return True
    title = f"Lint, {len(named)} templates"
    # Both end with another status where they find something.
    ours, theirs = (f"{shlex.join((*w, *named))} || true" for w in ((CICD, "lint"), (rival,)))
    row = {"cfn-lint": ("sh", "-c", theirs), "cicd lint": ("sh", "-c", ours)}
    least = measure(title, row, directory, _RUNS)
    goal_name = "lint of templates 5 x faster than cfn-lint"
    return goal(goal_name, 5 * least["cicd lint"], least["cfn-lint"])


def _cfn_lint(directory: Path) -> str | None:
    """Give cfn-lint: out of an environment of its own; ``None``: it cannot be installed."""
    place = directory / "cfn-lint"
    made = subprocess.run((PYTHON, "-m", "venv", str(place)), check=False, capture_output=True)
    if made.returncode == 0:
        pip = (str(place / "bin" / "pip"), "install", "--quiet", "cfn-lint")
        subprocess.run(pip, check=False, capture_output=True)
    return shutil.which("cfn-lint", path=str(place / "bin"))
