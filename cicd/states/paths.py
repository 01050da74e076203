"""Paths into JSON: ``$.order.items[0]``, ``$['a key']``, ``$.items[*].id``, ``$$.Map``. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cicd.states.failure import NotHere, StateFailure, runtime
from cicd.states.machine import ErrorName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON

_STEP: Final = re.compile(
    r"\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|\['(?P<single>[^'\]]+)'\]|\[\"(?P<double>[^\"\]]+)\"\]"
    r"|\[(?P<index>-?\d{1,9})\]|(?P<all>\[\*\]|\.\*)"
)
_ELSEWHERE: Final = re.compile(r"\.\.|\[\?|\[[^\]]*[:,]|[A-Za-z_]")
"""Descents, filters, slices and lists, and variables: of the language, and not carried out."""

EVERY: Final = None
"""The step that means every element."""


@lru_cache(maxsize=1024)  # a walk takes the same paths again and again
def steps(path: str) -> tuple[str | int | None, ...]:
    """Take a path apart; raises ``ValueError`` for what is not carried out here."""
    place = 2 if path.startswith("$$") else 1
    if not path.startswith("$"):
        raise ValueError(f"'{path}' is no path: it must begin with $")
    found: list[str | int | None] = []
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            refusal = NotHere if _ELSEWHERE.match(path, place) else ValueError
            raise refusal(
                f"'{path[place:]}' of the path '{path}' is not carried out here: names, indexes "
                "and [*] are"
            )
        place = match.end()
        if match["index"] is not None:
            found.append(int(match["index"]))
        elif match["all"] is not None:
            found.append(EVERY)
        else:
            found.append(match["name"] or match["single"] or match["double"])
    return tuple(found)


def check_reference(path: str) -> None:
    """Raise ``ValueError`` for a path that may mean several places, as no result can go there."""
    if path.startswith("$$") or EVERY in steps(path):
        raise ValueError(f"'{path}' is no reference path: it must mean one place of the input")


def read(path: str, data: JSON, context: Mapping[str, JSON]) -> JSON:
    """Give what a path leads to; raises ``StateFailure`` where there is nothing."""
    if path == "$":
        return data
    value: JSON = context if path.startswith("$$") else data
    try:
        return _walk(value, steps(path))
    except LookupError:
        raise StateFailure(
            ErrorName.RUNTIME, f"Invalid path '{path}': there is nothing in the input"
        ) from None


def is_present(path: str, data: JSON, context: Mapping[str, JSON]) -> bool:
    """Tell whether a path leads to something."""
    try:
        read(path, data, context)
    except StateFailure:
        return False
    return True


def put(path: str, data: JSON, result: JSON) -> JSON:
    """
    Give ``data`` with the result at a reference path; mappings on the way are made.

    Source: States Language, "ResultPath".
    """
    return _put(data, steps(path), result, path)


def _walk(value: JSON, path: tuple[str | int | None, ...]) -> JSON:
    for place, step in enumerate(path):
        match value, step:
            case dict(), str():
                value = value[step]
            case list(), int():
                value = value[step]
            case list() | dict(), None:
                inner = value if isinstance(value, list) else list(value.values())
                return [_walk(each, path[place + 1 :]) for each in inner]
            case _:
                raise LookupError(step)
    return value


def _put(data: JSON, path: tuple[str | int | None, ...], result: JSON, whole: str) -> JSON:
    if not path:
        return result
    step, *rest = path
    match data, step:
        case dict(), str():
            return {**data, step: _put(data.get(step, {}), tuple(rest), result, whole)}
        case list(), int() if -len(data) <= step < len(data):
            changed = list(data)
            changed[step] = _put(data[step], tuple(rest), result, whole)
            return changed
    raise StateFailure(
        ErrorName.RESULT_PATH,
        f"Unable to apply Reference Path {whole} to the input: there is no place for it",
    )


def list_at(path: str, data: JSON, context: Mapping[str, JSON]) -> list[JSON]:
    """Give the list that a path leads to; raises ``StateFailure`` for anything else."""
    found = read(path, data, context)
    if not isinstance(found, list):
        raise runtime(f"Reference path '{path}' must point to array")
    return found
