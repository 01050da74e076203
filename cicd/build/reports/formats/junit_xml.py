"""JUNITXML: what surefire, pytest, jest, go-junit-report and the like write."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import made_case, place_in, seconds_of
from cicd.build.reports.formats.xml_elements import Element, elements
from cicd.build.reports.model import CaseStatus, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS = {
    "failure": CaseStatus.FAILED,
    "error": CaseStatus.ERROR,
    "skipped": CaseStatus.SKIPPED,
}
# One case may carry several: the worst counts.
_WORST = (CaseStatus.ERROR, CaseStatus.FAILED, CaseStatus.SKIPPED)


def read_junit_xml(file: BinaryIO) -> Iterator[TestCase]:
    """Read one file; raises ``ReportUnreadable``."""
    results: list[Element] = []
    for element in elements(file, "testsuites", "testsuite"):
        if not element.ended:
            if element.name == "testcase":
                results = []
        elif element.name in _STATUS and element.parent and element.parent.name == "testcase":
            results.append(element)
        elif element.name == "testcase":
            yield _case(element, results)


def _case(element: Element, results: list[Element]) -> TestCase:
    worst = min(results, key=lambda each: _WORST.index(_STATUS[each.name]), default=None)
    text = worst.text if worst is not None else ""
    return made_case(
        name=element.get("name"),
        suite=next((e.get("name") for e in element.around() if e.get("name")), ""),
        prefix=element.get("classname"),
        status=_STATUS[worst.name] if worst is not None else CaseStatus.SUCCEEDED,
        seconds=seconds_of(element.get("time")),
        message=worst.get("message") if worst is not None else "",
        text=text,
        where=_where(element, text),
    )


def _where(element: Element, text: str) -> str:
    """Give "file:line" out of the failure's text, or of attributes that some writers add."""
    file, line = element.get("file"), element.get("line")
    return place_in(text) or (f"{file}:{line}" if file and line else file)
