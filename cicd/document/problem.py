"""What is wrong with a document, where, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.document.fix import Fix
from cicd.document.position import Span
from cicd.errors import DocumentError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


class Severity(StrEnum):
    """ERROR stops the run; WARNING and NOTE do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A second place that explains the first, such as "first declared here"."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong."""

    rule: str  # "build/unknown-phase": room, slash, kebab-case name
    severity: Severity
    message: str  # one sentence, no full stop, names in quotes
    span: Span
    hint: str | None = None  # what to write instead
    labels: tuple[Label, ...] = ()
    note: str | None = None  # what AWS says, or a list of what is allowed
    fix: Fix | None = None  # the correction, where it is safe and there is only one


class Problems:
    """Collects problems and never stops at the first."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Problem] = []

    def __iter__(self) -> Iterator[Problem]:
        """Give them by file, then position."""
        return iter(
            sorted(self._found, key=lambda p: (p.span.source.name, p.span.line, p.span.column))
        )

    def __len__(self) -> int:
        """Count all severities."""
        return len(self._found)

    def add(self, problem: Problem) -> None:
        """Note one."""
        self._found.append(problem)

    def error(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        hint: str | None = None,
        note: str | None = None,
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Note one that stops the run."""
        self.add(
            Problem(
                rule=rule,
                severity=Severity.ERROR,
                message=message,
                span=span,
                hint=hint,
                note=note,
                labels=labels,
                fix=fix,
            )
        )

    def warning(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        hint: str | None = None,
        note: str | None = None,
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Note one that does not stop the run."""
        self.add(
            Problem(
                rule=rule,
                severity=Severity.WARNING,
                message=message,
                span=span,
                hint=hint,
                note=note,
                labels=labels,
                fix=fix,
            )
        )

    def remark(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        hint: str | None = None,
        note: str | None = None,
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Note something that is only worth knowing."""
        self.add(
            Problem(
                rule=rule,
                severity=Severity.NOTE,
                message=message,
                span=span,
                hint=hint,
                note=note,
                labels=labels,
                fix=fix,
            )
        )

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Only those that stop the run, by position."""
        return tuple(p for p in self if p.severity is Severity.ERROR)

    def raise_errors(self) -> None:
        """Raise ``DocumentError`` with all problems if one of them stops the run."""
        if self.errors:
            raise DocumentError(tuple(self))
