"""JACOCOXML: what JaCoCo writes; source files in packages, these perhaps in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import count_of
from cicd.build.reports.formats.xml_elements import elements
from cicd.build.reports.model import MAX_NAME, Coverage, FileCoverage

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_jacoco_xml(file: BinaryIO) -> Iterator[FileCoverage]:
    """
    Read one file; raises ``ReportUnreadable``.

    Each source file has counters of its own; those of its classes and methods repeat them.
    """
    counters: dict[str, tuple[int, int]] = {}
    for element in elements(file, "report"):
        parent = element.parent
        if element.name == "sourcefile":
            if not element.ended:
                counters = {}
                continue
            package = element.above("package")
            name = element.get("name")
            if package is not None and package.get("name"):
                name = f"{package.get('name')}/{name}"
            lines, branches = counters.get("LINE", (0, 0)), counters.get("BRANCH", (0, 0))
            yield FileCoverage(
                path=name[:MAX_NAME],
                coverage=Coverage(
                    lines_covered=lines[0],
                    lines_missed=lines[1],
                    branches_covered=branches[0],
                    branches_missed=branches[1],
                ),
            )
        elif element.name == "counter" and parent is not None and parent.name == "sourcefile":
            counts = count_of(element.get("covered")), count_of(element.get("missed"))
            counters[element.get("type")] = counts
