"""TESTNGXML: ``testng-results.xml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import made_case, seconds_of
from cicd.build.reports.formats.xml_elements import elements
from cicd.build.reports.model import CaseStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.reports.model import TestCase

_STATUS = {
    "PASS": CaseStatus.SUCCEEDED,
    "FAIL": CaseStatus.FAILED,
    "SKIP": CaseStatus.SKIPPED,
}


def read_testng_xml(file: BinaryIO) -> Iterator[TestCase]:
    """Read one file; raises ``ReportUnreadable``. What sets tests up is no test."""
    texts: dict[str, str] = {}
    for element in elements(file, "testng-results"):
        if not element.ended:
            if element.name == "test-method":
                texts = {}
        elif element.name in {"message", "full-stacktrace", "short-stacktrace"}:
            texts[element.name] = element.text
        elif element.name == "test-method" and element.get("is-config").lower() != "true":
            test, owner = element.above("test"), element.above("class")
            suite = element.above("suite")
            names = (e.get("name") for e in (test, suite) if e is not None)
            yield made_case(
                name=element.get("name"),
                suite=next((name for name in names if name), ""),
                prefix=owner.get("name") if owner is not None else "",
                status=_STATUS.get(element.get("status").upper(), CaseStatus.UNKNOWN),
                seconds=seconds_of(element.get("duration-ms")) / 1000,
                message=texts.get("message", ""),
                text=texts.get("full-stacktrace") or texts.get("short-stacktrace", ""),
            )
