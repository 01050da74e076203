"""CUCUMBERJSON: features, their scenarios, and the steps of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.formats.case import bounded, made_case, place_in
from cicd.build.reports.formats.json_text import mapping, number, read_json, sequence, text
from cicd.build.reports.model import CaseStatus, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterator

# A step that is not defined cannot have run; one that is pending is left out on purpose.
_STATUS = {
    "passed": CaseStatus.SUCCEEDED,
    "failed": CaseStatus.FAILED,
    "ambiguous": CaseStatus.ERROR,
    "undefined": CaseStatus.ERROR,
    "pending": CaseStatus.SKIPPED,
    "skipped": CaseStatus.SKIPPED,
}
_WORST = (
    CaseStatus.FAILED,
    CaseStatus.ERROR,
    CaseStatus.UNKNOWN,
    CaseStatus.SKIPPED,
    CaseStatus.SUCCEEDED,
)
_NANOSECONDS = 1e9


def read_cucumber_json(file: BinaryIO) -> Iterator[TestCase]:
    """
    Read one file; raises ``ReportUnreadable``.

    The steps of a background belong to the scenario after it, unless they are repeated there.
    """
    for item in sequence(read_json(file), "the report"):
        feature = mapping(item, "a feature")
        background: list[Mapping[str, object]] = []
        for inner in sequence(feature.get("elements"), "'elements'"):
            element = mapping(inner, "an entry of 'elements'")
            steps = _steps(element)
            if text(element.get("type")) == "background":
                background = steps
                continue
            yield _scenario(feature, element, [*background, *steps])
            background = []


def _steps(element: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Give the hooks and steps of a scenario, and the hooks of each step, in order."""
    found: list[Mapping[str, object]] = []
    for key in ("before", "steps", "after"):
        for item in sequence(element.get(key), f"'{key}'"):
            step = mapping(item, f"an entry of '{key}'")
            for hooks in ("before", "after"):
                hooked = step.get(hooks)
                found += [
                    mapping(hook, "a hook of a step")
                    for hook in sequence(hooked, f"'{hooks}' of a step")
                ]
            found.append(step)
    return found


def _scenario(
    feature: Mapping[str, object],
    scenario: Mapping[str, object],
    steps: list[Mapping[str, object]],
) -> TestCase:
    status, worst = CaseStatus.SUCCEEDED, None
    seconds = 0.0
    for step in steps:
        result = _result(step)
        seconds += bounded(number(result.get("duration")) / _NANOSECONDS)
        found = _STATUS.get(text(result.get("status")).lower(), CaseStatus.UNKNOWN)
        if _WORST.index(found) < _WORST.index(status):
            status, worst = found, step
    uri = text(feature.get("uri"))
    message = _message(worst) if worst is not None else ""
    line = int(number(scenario.get("line")))
    place = f"{uri}:{line}" if uri and line > 0 else uri
    return made_case(
        name=text(scenario.get("name")),
        suite=text(feature.get("name")),
        prefix=text(feature.get("name")),
        status=status,
        seconds=bounded(seconds),
        message=message,
        where=(place_in(message) if worst is not None else "") or place,
    )


def _message(step: Mapping[str, object]) -> str:
    result = _result(step)
    name = f"{text(step.get('keyword'))}{text(step.get('name'))}".strip()
    said = text(result.get("error_message")).strip()
    return said or f"{text(result.get('status')).lower()}: {name}"


def _result(step: Mapping[str, object]) -> Mapping[str, object]:
    result = step.get("result")
    return result if isinstance(result, Mapping) else {}
