"""Problems as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from cicd import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.document.fix import Edit
    from cicd.document.position import Span
    from cicd.document.problem import Problem
    from cicd.event import JSON

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(problems: Sequence[Problem]) -> str:
    """Give the whole log as text; lines and columns count from 1, ends are exclusive."""
    rules = sorted({problem.rule for problem in problems})
    driver: JSON = {
        "name": "cicd lint",
        "version": __version__,
        "rules": [{"id": rule} for rule in rules],
    }
    run: JSON = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rules.index(problem.rule)) for problem in problems],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(problem: Problem, index: int) -> JSON:
    words = [problem.message, *filter(None, (problem.hint, problem.note))]
    result: dict[str, JSON] = {
        "ruleId": problem.rule,
        "ruleIndex": index,
        "level": problem.severity.value,
        "message": {"text": "\n".join(words)},
        "locations": [_location(problem.span)],
    }
    if problem.labels:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": label.text}, **_location(label.span)}
            for number, label in enumerate(problem.labels)
        ]
    if problem.fix is not None:
        change: JSON = {
            "artifactLocation": _artifact(problem.span),
            "replacements": [_replacement(edit) for edit in problem.fix.edits],
        }
        description: JSON = {"text": problem.hint or "the correction"}
        result["fixes"] = [{"description": description, "artifactChanges": [change]}]
    return result


def _replacement(edit: Edit) -> JSON:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _location(span: Span) -> dict[str, JSON]:
    place: JSON = {"artifactLocation": _artifact(span), "region": _region(span)}
    return {"physicalLocation": place}


def _artifact(span: Span) -> JSON:
    return {"uri": quote(span.source.name)}


def _region(span: Span) -> JSON:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
