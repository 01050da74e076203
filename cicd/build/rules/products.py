"""Patterns of files that a build is to leave behind, and that take none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix
from cicd.document.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.spec import Buildspec, Text
    from cicd.document.problem import Problems

_FOLDERS: Final = frozenset(
    {"build", "coverage", "dist", "lib", "node_modules", "out", "output", "public", "reports"}
    | {"site", "src", "static", "target", "www", ".next"}
)
_COMMAND: Final = re.compile(r"\$\(|`")
_BRACES: Final = re.compile(r"(?<!\$)\{[^{}]*,[^{}]*\}")
SKIPPED: Final = "Skipping invalid file path"


@rule("build/file-pattern")
def file_pattern(spec: Buildspec, problems: Problems) -> None:
    """A pattern takes files: no directory alone, no alternatives in braces, no command."""
    for pattern in _patterns(spec):
        text = pattern.text
        if _COMMAND.search(text):
            problems.warning(
                "build/file-pattern",
                f"'{text}' is taken literally: no command is run for a pattern",
                pattern.span,
                hint="set a variable in a command, and write $NAME here",
                note=SKIPPED,
            )
        elif braces := _BRACES.search(text):
            problems.warning(
                "build/file-pattern",
                f"'{braces[0]}' is taken literally: braces mean nothing in a pattern",
                pattern.span.within(braces[0]),
                hint="write a pattern for each",
                note=SKIPPED,
            )
        elif text.startswith("~"):
            problems.warning(
                "build/file-pattern",
                f"'{text}' is taken literally: no shell expands it",
                pattern.span,
                hint="write $HOME, or the whole path",
                note=SKIPPED,
            )
        elif text.endswith("/") or text.rpartition("/")[2] in _FOLDERS:
            whole = f"{text.rstrip('/')}/**/*"
            problems.warning(
                "build/file-pattern",
                f"'{text}' names a directory, and a pattern takes files only",
                pattern.span,
                hint=f"write '{whole}'",
                note=SKIPPED,
                fix=Fix.word(pattern.span, whole),
            )


def _patterns(spec: Buildspec) -> Iterator[Text]:
    for artifacts in (spec.artifacts, *spec.secondary_artifacts):
        if artifacts is not None:
            yield from artifacts.files
    for report in spec.reports:
        yield from report.files
