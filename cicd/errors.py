"""Every exception that ``cicd`` raises on purpose, and the exit codes it ends with."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.document.problem import Problem


class ExitCode(IntEnum):
    """What the process says to its caller."""

    SUCCEEDED = 0
    FAILED = 1
    USAGE = 2
    DOCUMENT = 3
    UNAVAILABLE = 4
    BUG = 70
    INTERRUPTED = 130
    UNREAD = 141
    TERMINATED = 143


class CicdError(Exception):
    """
    We could not do the work.

    A red build is not one of these: it is a result.
    The message says what and where, the hint what to do;
    neither says "error" or "failed to".
    """

    exit_code: ExitCode = ExitCode.UNAVAILABLE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Keep both halves apart, so that every reporter can lay them out its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CicdError):
    """Unknown name, contradictory options, refused change of state."""

    exit_code = ExitCode.USAGE


class DocumentError(CicdError):
    """One or more documents are invalid; all their problems at once."""

    exit_code = ExitCode.DOCUMENT

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take at least one problem; the first one names the exception."""
        super().__init__("; ".join(f"{p.span}: {p.message}" for p in problems[:1]))
        self.problems = tuple(problems)


class Unavailable(CicdError):
    """The machine cannot do it now: no engine, no image, port taken, git absent."""

    exit_code = ExitCode.UNAVAILABLE


class NoImage(Unavailable):
    """The image that something was to run in is not on this machine, and cannot be had."""


class Conflict(CicdError):
    """The stream moved on since it was read; read on, fold, decide again."""

    exit_code = ExitCode.UNAVAILABLE


def refused_path(problem: RuntimeError) -> UsageError | None:
    """Put in words what ``pathlib`` says of links in a circle, and of ``~`` that is nobody's."""
    at = problem.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None or at.tb_frame.f_globals.get("__name__", "").partition(".")[0] != "pathlib":
        return None
    words = str(problem).rstrip(".")
    return UsageError(
        f"a path leads nowhere: {words[:1].lower()}{words[1:]}",
        hint="look at the links on it, and at a '~' that it begins with",
    )
