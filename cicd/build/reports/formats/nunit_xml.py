"""NUNITXML: what NUnit 2 wrote, ``<test-results>``, suites nested as namespaces are."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import made_case, seconds_of
from cicd.build.reports.formats.xml_elements import Element, elements
from cicd.build.reports.model import CaseStatus, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS = {
    "success": CaseStatus.SUCCEEDED,
    "failure": CaseStatus.FAILED,
    "error": CaseStatus.ERROR,
    "cancelled": CaseStatus.ERROR,
    "notrunnable": CaseStatus.ERROR,
    "ignored": CaseStatus.SKIPPED,
    "skipped": CaseStatus.SKIPPED,
    "inconclusive": CaseStatus.SKIPPED,
}


def read_nunit_xml(file: BinaryIO) -> Iterator[TestCase]:
    """Read one file; raises ``ReportUnreadable``."""
    texts: dict[str, str] = {}
    for element in elements(file, "test-results"):
        if not element.ended:
            if element.name == "test-case":
                texts = {}
        elif element.name in {"message", "stack-trace"}:
            if element.above("test-case") is not None:  # a suite may have failed, too
                texts[element.name] = element.text
        elif element.name == "test-case":
            yield _case(element, texts)


def _case(element: Element, texts: dict[str, str]) -> TestCase:
    """Make the case; its name is the full one: "Shop.Tests.CartTests.Adds(1,2)"."""
    suites = [each for each in element.around() if each.name == "test-suite"]
    fixture = suites[0] if suites else None
    full = element.get("name")
    # A parameter may hold dots, so the class ends before the first parenthesis.
    head = full.partition("(")[0]
    prefix = head.rpartition(".")[0]
    return made_case(
        name=full[len(prefix) + 1 :] if prefix else full,
        suite=fixture.get("name") if fixture is not None else "",
        prefix=prefix,
        status=_status(element),
        seconds=seconds_of(element.get("time")),
        message=texts.get("message", ""),
        text=texts.get("stack-trace", ""),
    )


def _status(element: Element) -> CaseStatus:
    """Read ``result``; before NUnit 2.5 there were only ``executed`` and ``success``."""
    result = element.get("result").lower()
    if result:
        return _STATUS.get(result, CaseStatus.UNKNOWN)
    if element.get("executed").lower() == "false":
        return CaseStatus.SKIPPED
    succeeded = {"true": CaseStatus.SUCCEEDED, "false": CaseStatus.FAILED}
    return succeeded.get(element.get("success").lower(), CaseStatus.UNKNOWN)
