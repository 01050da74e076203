"""The line that failed a build, of a command or a pattern, shown like a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.position import Source, Span
from cicd.document.problem import Problem, Severity

if TYPE_CHECKING:
    from cicd.build.run import BuildFailure


def failed_command(failure: BuildFailure) -> Problem:
    """
    Make a problem of a failure that has a command, or a pattern that took no file.

    The document may have changed since the build began, so its line is made of what was run.
    AWS's message, which the log has shown, holds the command again; here its reason is enough.
    """
    name, line, column = failure.where.rsplit(":", 2)
    above, left = int(line) - 1, int(column) - 1
    shown = (failure.pattern or failure.command).split("\n", 1)[0]
    _, told, reason = failure.message.strip().rpartition("Reason: ")
    became = f"ended with {reason}" if told else f"was running: {reason}"
    message = f"a command of {failure.phase} {became if reason else failure.status}"
    span = Span(
        source=Source(name=name, text="\n" * above + " " * left + shown),
        line=above + 1,
        column=left + 1,
        end_line=above + 1,
        end_column=left + 1 + len(shown),
    )
    return Problem(
        rule="build/nothing-matched" if failure.pattern else "build/command-failed",
        severity=Severity.ERROR,
        message=failure.message if failure.pattern else message,
        span=span,
        note=_note(failure),
    )


def _note(failure: BuildFailure) -> str | None:
    """Give what is known of the reason, and the end of what the command wrote."""
    lines = [failure.hint] if failure.hint else []
    if failure.output:
        lines += ["the last that it wrote:", *(f"  {line}" for line in failure.output)]
    return "\n".join(lines) or None
