"""Lint of CloudFormation templates against cfn-lint, which is installed for the occasion."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bench_measure import CICD, goal, installed, measure, not_measured
from lint_corpus import corpus

from cicd.document.cloudformation.template import is_template
from cicd.document.load import load

if TYPE_CHECKING:
    from pathlib import Path

_RUNS = 3  # cfn-lint takes long enough to be measured by few


def templates(directory: Path, _: int) -> bool:
    """Lint of CloudFormation templates, those of the corpus."""
    root = corpus() / "pipeline"
    paths = sorted(root.iterdir()) if root.is_dir() else []
    named = [str(path) for path in paths if is_template(load(path, path.name))]
    if not named:
        return not_measured("Lint of templates", "the corpus is not here")
    rival = installed("cfn-lint", "cfn-lint", directory)
    title = f"Lint, {len(named)} templates"
    # Both end with another status where they find something: ours is 1, cfn-lint adds 2, 4 and 8.
    ours = f"{shlex.join((CICD, 'lint', *named))}; test $? -le 1"
    theirs = f"{shlex.join((rival, *named))}; s=$?; test $s -lt 16 -a $((s % 2)) -eq 0"
    row = {"cfn-lint": ("sh", "-c", theirs), "cicd lint": ("sh", "-c", ours)}
    least = measure(title, row, directory, _RUNS)
    goal_name = "lint of templates 5 x faster than cfn-lint"
    return goal(goal_name, 5 * least["cicd lint"], least["cfn-lint"])
