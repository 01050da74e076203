"""
Coverage-guided fuzzing of the readers and of ``cicd lint``, by atheris, which is no dependency.

    pip install atheris
    python tools/fuzz.py -max_total_time=60 [CORPUS]

Any bytes give problems: whatever else is raised ends the run, and its input is kept as a file.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cicd.lint.documents import Kind


def one(content: bytes, kinds: tuple[Kind, ...]) -> None:
    """Check and correct one document as each kind of which there is one."""
    from cicd.lint.check import check_content
    from cicd.lint.documents import STDIN, Candidate
    from cicd.lint.fix import corrected

    candidate = Candidate(path=STDIN, name="stdin", given=True)
    for kind in kinds:
        for problem in check_content(candidate, kind, content).problems:
            problem.span.marked_line()
        corrected(candidate, kind, content)


def main() -> int:
    """Hand the loop to atheris; its own arguments are libFuzzer's."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["cicd"]):
        from cicd.lint.documents import Kind

        kinds = (Kind.BUILDSPEC, Kind.APPSPEC, Kind.PIPELINE)
        one(b"version: 0.2", kinds)  # what is imported late is to be seen, too
    atheris.Setup(sys.argv, lambda content: one(content, kinds))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
