"""Problems as a JUnit report, which every build server shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cicd.document.problem import Problem, Severity

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(names: Sequence[str], problems: Sequence[Problem], grave: Collection[Severity]) -> str:
    """
    Give a suite a document, and a case a problem; one that is not grave has passed.

    A document without problems is a case of its own that has passed.
    """
    suites = [
        _suite(name, [p for p in problems if p.span.source.name == name], grave)
        for name in dict.fromkeys((*names, *(p.span.source.name for p in problems)))
    ]
    failed = sum(problem.severity in grave for problem in problems)
    head = f'<testsuites name="cicd lint" tests="{_cases(suites)}" failures="{failed}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"])


def _suite(name: str, problems: Sequence[Problem], grave: Collection[Severity]) -> str:
    failed = sum(problem.severity in grave for problem in problems)
    cases = [_case(problem, grave) for problem in problems] or [
        f'    <testcase classname={_attribute(name)} name="lint"/>'
    ]
    head = f'  <testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failed}">'
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(problem: Problem, grave: Collection[Severity]) -> str:
    span = problem.span
    place = f"{problem.rule} {span.line}:{span.column}"
    words = "\n".join(filter(None, (str(span), problem.message, problem.hint, problem.note)))
    tag = "failure" if problem.severity in grave else "system-out"
    given = (
        f" type={_attribute(problem.rule)} message={_attribute(problem.message)}"
        if problem.severity in grave
        else ""
    )
    return (
        f"    <testcase classname={_attribute(span.source.name)} name={_attribute(place)} "
        f'file={_attribute(span.source.name)} line="{span.line}">'
        f"<{tag}{given}>{escape(_plain(words))}</{tag}></testcase>"
    )


def _cases(suites: Sequence[str]) -> int:
    return sum(suite.count("<testcase ") for suite in suites)


def _attribute(text: str) -> str:
    return quoteattr(_plain(text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
