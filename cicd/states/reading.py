"""What readers of a definition share: its fields of numbers and paths, and the rules' names."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from cicd.states.failure import NotHere
from cicd.states.moments import LONGEST, is_seconds
from cicd.states.paths import check_reference, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cicd.document.fields import Fields
    from cicd.document.position import Span
    from cicd.document.problem import Problems

ROOM: Final = "states"
REFUSED: Final = "states/refused"
INVALID: Final = "states/invalid"
UNREACHABLE: Final = "states/unreachable"
ASSIGNING: Final = ("Assign", "Output")
"""Keys of a state, of a catcher and of a rule. Source: States Language, "Variables"."""


def json_path_alone(fields: Fields, problems: Problems, what: str) -> bool:
    """Refuse what is written in the other language of queries; False: it has other keys."""
    alone = fields.text("QueryLanguage", default="JSONPath") == "JSONPath"
    if not alone:
        problems.error(
            REFUSED,
            f"{what} is written in JSONata, which is not carried out here",
            fields.span("QueryLanguage"),
            hint="write it with JSONPath",
        )
    return alone


def refuse(fields: Fields, keys: Iterable[str]) -> None:
    """Refuse keys of the language that are not carried out here, each at its place."""
    for key in (each for each in keys if each in fields):
        fields.node(key)  # it is known, so nobody calls it unknown
        fields.problems.error(
            REFUSED, f"'{key}' of {fields.what} is not carried out here", fields.span(key)
        )


def seconds(fields: Fields, name: str, default: float | None) -> float | None:
    """Read a number of seconds."""
    node = fields.node(name)
    if node is None:
        return default
    value = node.plain()
    if not is_seconds(value):
        wanted = f"a number from 0 to {LONGEST:,}"
        fields.problems.error(INVALID, f"'{name}' of {fields.what} must be {wanted}", node.span)
        return default
    return float(value)


def path(fields: Fields, name: str, default: str | None, *, reference: bool = False) -> str | None:
    """Read a path; one that is written as null is None."""
    node = fields.node(name)
    if node is None:
        return None if name in fields else default
    checked(partial(check_reference if reference else steps, node.text), fields, node.span)
    return node.text


def checked(check: Callable[[], object], fields: Fields, span: Span) -> None:
    """Note at ``span`` what a check raises ``ValueError`` for."""
    try:
        check()
    except ValueError as problem:
        rule = REFUSED if isinstance(problem, NotHere) else INVALID
        fields.problems.error(rule, f"{problem}, in {fields.what}", span)
