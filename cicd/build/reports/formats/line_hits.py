"""Lines and branches of source files, gathered so that none is counted twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cicd.build.reports.model import MAX_NAME, Coverage, FileCoverage, ReportUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINES = 3_000_000  # in one file of a report; more would not fit into memory


@dataclass(slots=True)
class LineHits:
    """What one report file says of lines, by source file."""

    _lines: dict[str, dict[int, bool]] = field(default_factory=dict)
    _branches: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)
    _count: int = 0

    def file(self, path: str) -> None:
        """Note a source file, which may have no lines."""
        self._lines.setdefault(path[:MAX_NAME], {})

    def line(self, path: str, number: int, *, hit: bool) -> None:
        """Note a line; one that was hit once is hit."""
        lines = self._lines.setdefault(path[:MAX_NAME], {})
        if number not in lines:
            self._count += 1
            if self._count > MAX_LINES:
                raise ReportUnreadable("more than 3 million lines of source")
        lines[number] = hit or lines.get(number, False)

    def branches(self, path: str, number: int, *, covered: int, total: int) -> None:
        """Note the branches of a line; of two records the one that covers more counts."""
        covered = min(covered, total)
        branches = self._branches.setdefault(path[:MAX_NAME], {})
        branches[number] = max((covered, total), branches.get(number, (0, 0)))

    def files(self) -> Iterator[FileCoverage]:
        """Give the sums of each file."""
        for path, lines in self._lines.items():
            branches = self._branches.get(path, {}).values()
            covered = sum(lines.values())
            branches_covered = sum(each for each, _ in branches)
            yield FileCoverage(
                path=path,
                coverage=Coverage(
                    lines_covered=covered,
                    lines_missed=len(lines) - covered,
                    branches_covered=branches_covered,
                    branches_missed=sum(total for _, total in branches) - branches_covered,
                ),
            )
