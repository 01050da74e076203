"""JUNITXML: what surefire, pytest, jest, go-junit-report and the like write."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from cicd.build.reports.model import (
    MAX_MESSAGE,
    MAX_NAME,
    CaseStatus,
    ReportUnreadable,
    TestCase,
)

if TYPE_CHECKING:
    from typing import NoReturn

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 100

_STATUS = {
    "failure": CaseStatus.FAILED,
    "error": CaseStatus.ERROR,
    "skipped": CaseStatus.SKIPPED,
}
# How pytest closes a failure's text: "tests/test_cart.py:14: AssertionError".
_LAST_PLACE = re.compile(r"^([^\s:]+:\d+): \S*$")
# One case may carry several: the worst counts.
_WORST = (CaseStatus.ERROR, CaseStatus.FAILED, CaseStatus.SKIPPED, CaseStatus.SUCCEEDED)


@dataclass(slots=True)
class _Case:
    attributes: dict[str, str]
    suite: str
    status: CaseStatus = CaseStatus.SUCCEEDED
    message: str = ""
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """One pass over one file."""

    parser: expat.XMLParserType
    path: list[str] = field(default_factory=list)
    suites: list[str] = field(default_factory=list)
    case: _Case | None = None
    result: str = ""  # the element inside the case whose text is being read
    cases: list[TestCase] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if not self.path and name not in {"testsuites", "testsuite"}:
            raise ReportUnreadable(
                f"line {self.parser.CurrentLineNumber}: the root is <{name}>, "
                "not <testsuites> or <testsuite>"
            )
        self.path.append(name)
        if len(self.path) > MAX_DEPTH:
            raise ReportUnreadable(
                f"line {self.parser.CurrentLineNumber}: nested deeper than {MAX_DEPTH}"
            )
        if name in {"testsuite", "testsuites"}:
            self.suites.append(attributes.get("name", ""))
        elif name == "testcase":
            self.case = _Case(attributes, next((s for s in reversed(self.suites) if s), ""))
        elif self.case is not None and name in _STATUS:
            status = _STATUS[name]
            if _WORST.index(status) < _WORST.index(self.case.status):
                self.case.status = status
                self.case.message = attributes.get("message", "")
                self.case.text = []
                self.result = name

    def text(self, data: str) -> None:
        if self.result and self.case is not None:
            self.case.text.append(data)

    def end(self, name: str) -> None:
        name = _local(name)
        self.path.pop()
        if name in {"testsuite", "testsuites"}:
            self.suites.pop()
        elif name == self.result:
            self.result = ""
        elif name == "testcase" and self.case is not None:
            self.cases.append(_finished(self.case))
            self.case = None


def read_junit_xml(content: bytes) -> tuple[TestCase, ...]:
    """
    Read one file.

    Document types and entities of the file's own are refused: nothing that writes reports
    needs them, and they are how a small file becomes a huge one or another file's content.
    """
    if len(content) > MAX_BYTES:
        raise ReportUnreadable("larger than 256 MiB")
    parser = expat.ParserCreate(namespace_separator="}")
    reading = _Reading(parser)
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    try:
        parser.Parse(content, True)  # noqa: FBT003 -- expat takes no keywords
    except expat.ExpatError as wrong:
        raise ReportUnreadable(
            f"line {wrong.lineno}, column {wrong.offset + 1}: {expat.ErrorString(wrong.code)}"
        ) from None
    except (LookupError, ValueError) as wrong:
        if isinstance(wrong, ReportUnreadable):
            raise
        # An encoding that the declaration names and Python does not know.
        raise ReportUnreadable(str(wrong)) from None
    return tuple(reading.cases)


def _refuse_doctype(*_: object) -> NoReturn:
    raise ReportUnreadable("a document type declaration is not accepted")


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _finished(case: _Case) -> TestCase:
    text = "".join(case.text).strip()
    message = case.message
    if text.startswith(message):
        message = text
    elif text not in message:
        message = f"{message}\n{text}"
    return TestCase(
        name=case.attributes.get("name", "")[:MAX_NAME],
        suite=case.suite[:MAX_NAME],
        prefix=case.attributes.get("classname", "")[:MAX_NAME],
        status=case.status,
        seconds=_seconds(case.attributes.get("time", "")),
        message=message[:MAX_MESSAGE],
        where=_where(case.attributes, text)[:MAX_NAME],
    )


def _where(attributes: dict[str, str], text: str) -> str:
    """Give "file:line" out of attributes that some writers add, or of the failure's text."""
    last = _LAST_PLACE.match(text.rpartition("\n")[2])
    if last is not None:
        return last[1]
    file, line = attributes.get("file", ""), attributes.get("line", "")
    return f"{file}:{line}" if file and line else file


def _seconds(text: str) -> float:
    # Some writers put thousands separators in: "1,234.567".
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 1e9 else 0.0
