"""
The verdict of ``cicd lint`` on every file of the corpus, CloudFormation templates among them.

    python tools/lint_corpus.py [CORPUS]

Files that AWS would accept get no error; each broken one gets its error at the line that
``tests/lint/corpus.tsv`` names. Ends with 1 when a verdict is another.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.problem import Severity
from cicd.lint.check import check_document
from cicd.lint.documents import Candidate, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.lint.check import Checked

HERE = Path(__file__).resolve().parent.parent
KINDS = {"buildspec": Kind.BUILDSPEC, "appspec": Kind.APPSPEC, "pipeline": None}


def corpus(*arguments: str) -> Path:
    """Give the directory of the corpus: an argument, CICD_CORPUS, or beside the checkout."""
    named = arguments[0] if arguments else os.environ.get("CICD_CORPUS")
    return Path(named) if named else HERE.parent / "shared" / "corpus"


def refused() -> dict[str, str]:
    """
    Give the files that AWS refuses, and what their first error is: "rule:line".

    Where the service does not say (equal keys, events that only a custom agent knows), the
    reference's own rule decides.
    """
    table = (HERE / "tests" / "lint" / "corpus.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines())
    return {name: expected for expected, name in rows}


def files(root: Path) -> Iterator[tuple[Candidate, Kind | None]]:
    """Give every file, in order, with the kind that its folder says."""
    for folder, kind in KINDS.items():
        for path in sorted((root / folder).iterdir()):
            yield Candidate(path=path, name=f"{folder}/{path.name}", given=False), kind


def verdicts(root: Path) -> Iterator[Checked]:
    """Check every file, in order."""
    for candidate, kind in files(root):
        checked = check_document(candidate, kind)
        if checked.kind is not None and not checked.passed_over:
            yield checked


def first_error(checked: Checked) -> str:
    """Give the rule and the line of the first error: "build/version:1"; "" for none."""
    for problem in checked.problems:
        if problem.severity is Severity.ERROR:
            return f"{problem.rule}:{problem.span.line}"
    return ""


def main() -> int:
    """Print the table, and what is not as it is expected to be."""
    broken = refused()
    table: Counter[tuple[str, str]] = Counter()
    noticed: Counter[str] = Counter()
    wrong = []
    for checked in verdicts(corpus(*sys.argv[1:])):
        folder = checked.name.partition("/")[0]
        found, expected = first_error(checked), broken.get(checked.name, "")
        verdict = "refused" if expected else "accepted"
        table[folder, verdict if found == expected else "WRONG"] += 1
        noticed[folder] += any(p.severity is Severity.WARNING for p in checked.problems)
        if found != expected:
            wrong.append(f"{checked.name}: {found or 'no error'}, not {expected or 'none'}")
    print(f"{'':12}{'accepted':>10}{'refused':>10}{'wrong':>8}{'with warnings':>16}")
    for folder in KINDS:
        counts = [table[folder, verdict] for verdict in ("accepted", "refused", "WRONG")]
        print(f"{folder:12}{counts[0]:>10}{counts[1]:>10}{counts[2]:>8}{noticed[folder]:>16}")
    print("\n".join(wrong))
    return int(bool(wrong) or not table)


if __name__ == "__main__":
    sys.exit(main())
