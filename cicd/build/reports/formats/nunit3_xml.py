"""NUNIT3XML: what NUnit 3 and its console write, ``<test-run>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import made_case, seconds_of
from cicd.build.reports.formats.xml_elements import elements
from cicd.build.reports.model import CaseStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.reports.model import TestCase

# "Warning" is a test that passed and said something.
_STATUS = {
    "passed": CaseStatus.SUCCEEDED,
    "warning": CaseStatus.SUCCEEDED,
    "failed": CaseStatus.FAILED,
    "skipped": CaseStatus.SKIPPED,
    "inconclusive": CaseStatus.SKIPPED,
}


def read_nunit3_xml(file: BinaryIO) -> Iterator[TestCase]:
    """Read one file; raises ``ReportUnreadable``."""
    texts: dict[str, str] = {}
    for element in elements(file, "test-run"):
        parent = element.parent
        if not element.ended:
            if element.name == "test-case":
                texts = {}
        elif element.name in {"message", "stack-trace"}:
            # Of a failure or a reason of the case itself; assertions repeat them one by one.
            around = parent.parent if parent is not None else None
            if around is not None and around.name == "test-case":
                texts[element.name] = element.text
        elif element.name == "test-case":
            status = _STATUS.get(element.get("result").lower(), CaseStatus.UNKNOWN)
            if status is CaseStatus.FAILED and element.get("label").lower() in {
                "error",
                "cancelled",
            }:
                status = CaseStatus.ERROR
            suite = element.above("test-suite")
            yield made_case(
                name=element.get("name"),
                suite=(suite.get("fullname") or suite.get("name")) if suite is not None else "",
                prefix=element.get("classname"),
                status=status,
                seconds=seconds_of(element.get("duration")),
                message=texts.get("message", ""),
                text=texts.get("stack-trace", ""),
            )
