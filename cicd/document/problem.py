"""What is wrong with a document, where, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from cicd.document.fix import Fix
from cicd.document.position import Span
from cicd.errors import DocumentError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack


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


class Details(TypedDict, total=False):
    """What a problem may have beside its place and its message; see ``Problem``."""

    hint: str | None
    note: str | None
    labels: tuple[Label, ...]
    fix: Fix | None


class Problems:
    """Collects problems and never stops at the first."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: dict[Problem, None] = {}

    def __iter__(self) -> Iterator[Problem]:
        """Give them by file, then position."""
        return iter(
            sorted(self._found, key=lambda p: (p.span.source.name, p.span.line, p.span.column))
        )

    def __len__(self) -> int:
        """Count all severities."""
        return len(self._found)

    def add(self, problem: Problem) -> None:
        """Note one, once: what several readers see is wrong for one reason."""
        self._found[problem] = None

    def error(self, rule: str, message: str, span: Span, **details: Unpack[Details]) -> None:
        """Note one that stops the run."""
        self._note(Severity.ERROR, rule, message, span, details)

    def warning(self, rule: str, message: str, span: Span, **details: Unpack[Details]) -> None:
        """Note one that does not stop the run."""
        self._note(Severity.WARNING, rule, message, span, details)

    def remark(self, rule: str, message: str, span: Span, **details: Unpack[Details]) -> None:
        """Note something that is only worth knowing."""
        self._note(Severity.NOTE, rule, message, span, details)

    def _note(
        self, severity: Severity, rule: str, message: str, span: Span, details: Details
    ) -> None:
        self.add(Problem(rule=rule, severity=severity, message=message, span=span, **details))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Only those that stop the run, by position."""
        return tuple(p for p in self if p.severity is Severity.ERROR)

    def raise_errors(self) -> None:
        """Raise ``DocumentError`` with all problems if one of them stops the run."""
        if self.errors:
            raise DocumentError(tuple(self))
