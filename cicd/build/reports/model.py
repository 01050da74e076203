"""What a report is, whatever format its files have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CASES = 500
MAX_MESSAGE = 5000  # characters
MAX_NAME = 1000  # characters


class CaseStatus(StrEnum):
    """Of a test case. Source: CodeBuild user guide, "Test reports"."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"


class ReportStatus(StrEnum):
    """Of a report. Source: API, ``ReportStatusType``."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test case; ``seconds`` is its duration."""

    __test__ = False  # pytest collects classes by such names

    name: str
    suite: str = ""
    prefix: str = ""  # the class or the module
    status: CaseStatus
    seconds: float = 0.0
    message: str = ""
    where: str = ""  # "tests/test_cart.py:14", when the report says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All cases of one report group of one build."""

    cases: tuple[TestCase, ...]
    unreadable: tuple[str, ...] = ()  # files that could not be read, and why

    @property
    def status(self) -> ReportStatus:
        """
        Give FAILED if a case failed, INCOMPLETE if there is nothing or something is unreadable.

        A skipped case does not fail a report.
        Source: user guide, "View test reports".
        """
        bad = {CaseStatus.FAILED, CaseStatus.ERROR}
        if any(case.status in bad for case in self.cases):
            return ReportStatus.FAILED
        if self.unreadable or not self.cases:
            return ReportStatus.INCOMPLETE
        return ReportStatus.SUCCEEDED

    def counts(self) -> dict[CaseStatus, int]:
        """Count all cases by status, each status named."""
        return {
            status: sum(1 for case in self.cases if case.status is status) for status in CaseStatus
        }

    def kept(self) -> tuple[TestCase, ...]:
        """Give the cases that are kept: 500 at most, failed ones first when cutting."""
        if len(self.cases) <= MAX_CASES:
            return self.cases
        good = {CaseStatus.SUCCEEDED, CaseStatus.SKIPPED}
        return tuple(sorted(self.cases, key=lambda case: case.status in good)[:MAX_CASES])


class ReportUnreadable(ValueError):
    """A file that is not what its format says; the message holds line and column if known."""


class ReportFormat(Protocol):
    """Reads the bytes of one file; raises ``ReportUnreadable``."""

    def __call__(self, content: bytes) -> Iterable[TestCase]:
        """Give the cases of one file."""
