"""What a report is, whatever format its files have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeAlias

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CASES = 500
MAX_MESSAGE = 5000  # characters
MAX_NAME = 1000  # characters
MAX_READ = 4 * MAX_MESSAGE  # characters of any text, until secrets in it are masked


class CaseStatus(StrEnum):
    """Of a test case. Source: CodeBuild user guide, "Test reports"."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"


BAD = frozenset({CaseStatus.FAILED, CaseStatus.ERROR})


class ReportStatus(StrEnum):
    """Of a report. Source: API, ``ReportStatusType``."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    INCOMPLETE = "INCOMPLETE"


class ReportType(StrEnum):
    """What a report tells of. Source: API, ``ReportType``."""

    TEST = "TEST"
    CODE_COVERAGE = "CODE_COVERAGE"


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
    path: str = ""  # the report file it stands in


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Counts of lines and of branches that tests reach, and that they miss."""

    lines_covered: int = 0
    lines_missed: int = 0
    branches_covered: int = 0
    branches_missed: int = 0

    def __add__(self, other: Coverage) -> Coverage:
        """Add up two."""
        return Coverage(
            lines_covered=self.lines_covered + other.lines_covered,
            lines_missed=self.lines_missed + other.lines_missed,
            branches_covered=self.branches_covered + other.branches_covered,
            branches_missed=self.branches_missed + other.branches_missed,
        )

    @property
    def line_percentage(self) -> float:
        """Lines covered, 0 to 100; 0 where there are none."""
        return _percentage(self.lines_covered, self.lines_missed)

    @property
    def branch_percentage(self) -> float:
        """Branches covered, 0 to 100; 0 where there are none."""
        return _percentage(self.branches_covered, self.branches_missed)

    @property
    def rank(self) -> tuple[float, float]:
        """What decides which of two records of one file is the better: lines, then branches."""
        return self.line_percentage, self.branch_percentage


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """What tests reach of one source file."""

    path: str
    coverage: Coverage


Finding: TypeAlias = TestCase | FileCoverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What one report group got from one build, or from all the builds of a batch.

    ``cases`` are those kept, 500 at most; ``counts`` and ``seconds`` are of all.
    ``coverage`` is the sum that the report gives, ``files`` what it is made of.
    """

    type: ReportType = ReportType.TEST
    status: ReportStatus
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    seconds: float = 0.0
    cases: tuple[TestCase, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    files: tuple[FileCoverage, ...] = ()
    unreadable: tuple[str, ...] = ()  # "r.xml:3:14: why"

    @property
    def total(self) -> int:
        """How many test cases there are, kept or not."""
        return sum(self.counts.values())

    @property
    def truncated(self) -> bool:
        """Whether some cases are not kept."""
        return self.total > len(self.cases)


class ReportUnreadable(ValueError):
    """A file that is not what its format says; ``line`` and ``column`` count from 1, 0: none."""

    def __init__(self, why: str, *, line: int = 0, column: int = 0) -> None:
        """Say why, and where if that is known."""
        super().__init__(why)
        self.line = line
        self.column = column

    def at(self, path: str) -> str:
        """Give the reason behind the place: "r.xml:3:14: mismatched tag"."""
        place = f"{path}:{self.line}:{self.column}" if self.line else path
        return f"{place}: {self}"


class ReportFormat(Protocol):
    """Reads one file, a finding at a time; raises ``ReportUnreadable``, perhaps after some."""

    def __call__(self, file: BinaryIO) -> Iterator[Finding]:
        """Give the test cases of a file, or what it says of source files."""


def _percentage(covered: int, missed: int) -> float:
    total = covered + missed
    return round(covered * 100 / total, 2) if total else 0.0
