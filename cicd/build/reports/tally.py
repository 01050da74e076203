"""A report added up from its files, in memory that does not grow with the number of cases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cicd.build.reports.model import (
    BAD,
    MAX_CASES,
    CaseStatus,
    Coverage,
    FileCoverage,
    Report,
    ReportStatus,
    ReportType,
    TestCase,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.build.reports.model import Finding

MAX_FILES = 20_000  # source files that are kept


@dataclass(slots=True)
class Tally:
    """
    Adds up findings.

    Of the cases 500 are kept, failed ones before others; all are counted.
    Of one source file that is told of twice the better record counts.
    Source: user guide, "Test reports", quotas.
    """

    type: ReportType = ReportType.TEST
    counts: dict[CaseStatus, int] = field(default_factory=lambda: dict.fromkeys(CaseStatus, 0))
    seconds: float = 0.0
    bad: list[TestCase] = field(default_factory=list)
    good: list[TestCase] = field(default_factory=list)
    files: dict[str, Coverage] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def add(self, findings: Iterable[Finding], *, path: str = "") -> None:
        """Add findings of the report file ``path`` as they come."""
        for found in findings:
            if isinstance(found, FileCoverage):
                self._add_file(found)
                continue
            self.counts[found.status] += 1
            self.seconds += found.seconds
            kept = self.bad if found.status in BAD else self.good
            if len(kept) < MAX_CASES:
                kept.append(replace(found, path=path))

    def take(self, other: Tally) -> None:
        """Add what another one has added up."""
        for status, count in other.counts.items():
            self.counts[status] += count
        self.seconds += other.seconds
        self.bad = (self.bad + other.bad)[:MAX_CASES]
        self.good = (self.good + other.good)[:MAX_CASES]
        for path, coverage in other.files.items():
            self._add_file(FileCoverage(path=path, coverage=coverage))

    def report(self) -> Report:
        """
        Give the sum.

        FAILED if a case failed, INCOMPLETE if there is nothing or something is unreadable.
        A skipped case does not fail a report.
        Source: user guide, "View test reports".
        """
        if self.bad:
            status = ReportStatus.FAILED
        elif self.unreadable or not (sum(self.counts.values()) or self.files):
            status = ReportStatus.INCOMPLETE
        else:
            status = ReportStatus.SUCCEEDED
        return Report(
            type=self.type,
            status=status,
            counts={status.value: count for status, count in self.counts.items() if count},
            seconds=self.seconds,
            cases=(*self.bad, *self.good)[:MAX_CASES],
            coverage=sum(self.files.values(), Coverage()),
            files=tuple(FileCoverage(path=p, coverage=c) for p, c in sorted(self.files.items())),
            unreadable=tuple(self.unreadable),
        )

    def _add_file(self, found: FileCoverage) -> None:
        known = self.files.get(found.path)
        if known is None and len(self.files) >= MAX_FILES:
            return
        if known is None or found.coverage.rank > known.rank:
            self.files[found.path] = found.coverage
