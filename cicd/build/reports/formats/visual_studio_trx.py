"""VISUALSTUDIOTRX: what ``dotnet test --logger trx`` and Visual Studio write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import clock_seconds_of, made_case
from cicd.build.reports.formats.xml_elements import Element, elements
from cicd.build.reports.model import MAX_CASES, MAX_READ, CaseStatus, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS = {
    "passed": CaseStatus.SUCCEEDED,
    "passedbutrunaborted": CaseStatus.SUCCEEDED,
    "warning": CaseStatus.SUCCEEDED,
    "completed": CaseStatus.SUCCEEDED,
    "failed": CaseStatus.FAILED,
    "error": CaseStatus.ERROR,
    "timeout": CaseStatus.ERROR,
    "aborted": CaseStatus.ERROR,
    "disconnected": CaseStatus.ERROR,
    "notexecuted": CaseStatus.SKIPPED,
    "notrunnable": CaseStatus.SKIPPED,
    "inconclusive": CaseStatus.SKIPPED,
}


@dataclass(frozen=True, slots=True)
class _Result:
    """A result whose definition, with the class, comes further down in the file."""

    test: str
    name: str
    outcome: str
    seconds: float
    message: str
    trace: str


def read_visual_studio_trx(file: BinaryIO) -> Iterator[TestCase]:
    """
    Read one file; raises ``ReportUnreadable``.

    Of a data-driven test the rows count, not the result around them.
    """
    results: list[_Result] = []
    told = 0  # results with a text; of more than are kept no text need be
    classes: dict[str, str] = {}
    texts: dict[str, str] = {}
    for element in elements(file, "TestRun"):
        if not element.ended:
            if element.name == "UnitTestResult":
                texts = {}
        elif element.name in {"Message", "StackTrace"}:
            if element.above("ErrorInfo") is not None:
                texts[element.name] = element.text
        elif element.name == "TestMethod":
            test = element.above("UnitTest")
            if test is not None:
                # "Shop.CartTests, Shop.Tests, Version=1.0.0.0": the assembly does not matter.
                classes[test.get("id")] = element.get("className").partition(",")[0]
        elif element.name == "UnitTestResult" and not _has_rows(element):
            told += bool(texts)
            results.append(_result(element, texts if told <= MAX_CASES else {}))
            texts = {}
    for result in results:
        prefix = classes.get(result.test, "")
        yield made_case(
            name=result.name.removeprefix(f"{prefix}.") if prefix else result.name,
            suite=prefix,
            prefix=prefix,
            status=_STATUS.get(result.outcome.lower(), CaseStatus.UNKNOWN),
            seconds=result.seconds,
            message=result.message,
            text=result.trace,
        )


def _has_rows(element: Element) -> bool:
    return element.get("resultType") == "DataDrivenTest"


def _result(element: Element, texts: dict[str, str]) -> _Result:
    return _Result(
        test=element.get("testId"),
        name=element.get("testName"),
        # A result without an outcome is one of a test that did not fail.
        outcome=element.get("outcome") or "Passed",
        seconds=clock_seconds_of(element.get("duration")),
        message=texts.get("Message", "")[:MAX_READ],
        trace=texts.get("StackTrace", "")[:MAX_READ],
    )
