"""Problems as workflow commands of GitHub Actions, which show them beside the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.problem import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.document.problem import Problem

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github_commands(problems: Iterable[Problem]) -> str:
    """
    Give one command a line; "" for none.

    Source: GitHub Docs, "Workflow commands for GitHub Actions", and its escapes.
    """
    return "".join(f"{_command(problem)}\n" for problem in problems)


def _command(problem: Problem) -> str:
    span = problem.span
    places = {
        "file": span.source.name,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": span.end_column,
        "title": problem.rule,
    }
    if span.end_line != span.line:
        del places["endColumn"]
    said = ",".join(f"{name}={_property(str(value))}" for name, value in places.items())
    words = problem.message + (f": {problem.hint}" if problem.hint else "")
    return f"::{_COMMANDS[problem.severity]} {said}::{_data(words)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
