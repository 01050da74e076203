"""``Retry`` and ``Catch`` of a state, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.problem import Severity
from cicd.states.machine import Catcher, Retrier
from cicd.states.reading import ASSIGNING, INVALID, REFUSED, path, refuse, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.fields import Fields


def read_retry(state: Fields) -> tuple[Retrier, ...]:
    """Read ``Retry``. Source: States Language, "Retrying after error"."""
    found = []
    for inner in _elements(state, "Retry"):
        if inner.text("JitterStrategy", default="NONE") != "NONE":
            state.problems.error(
                REFUSED,
                f"the jitter of {state.what} is by chance, and a resume could not know it",
                inner.span("JitterStrategy"),
                hint="leave out 'JitterStrategy'",
            )
        found.append(
            Retrier(
                error_equals=_errors(inner),
                interval=seconds(inner, "IntervalSeconds", 1.0) or 0.0,
                max_attempts=inner.integer("MaxAttempts", 3, minimum=0, maximum=99_999_999),
                backoff_rate=seconds(inner, "BackoffRate", 2.0) or 1.0,
                max_delay=seconds(inner, "MaxDelaySeconds", None),
            )
        )
        inner.unknown(Severity.ERROR)
    return tuple(found)


def read_catch(state: Fields) -> tuple[Catcher, ...]:
    """Read ``Catch``. Source: States Language, "Fallback states"."""
    found = []
    for inner in _elements(state, "Catch"):
        refuse(inner, ASSIGNING)
        found.append(
            Catcher(
                error_equals=_errors(inner),
                next=inner.required_text("Next"),
                result_path=path(inner, "ResultPath", "$", reference=True),
            )
        )
        inner.unknown(Severity.ERROR)
    return tuple(found)


def _elements(state: Fields, key: str) -> Iterator[Fields]:
    for node in state.sequence(key):
        inner = state.inner(node, what=f"'{key}' of {state.what}")
        inner.text("Comment")
        yield inner


def _errors(fields: Fields) -> tuple[str, ...]:
    names = tuple(node.text for node in fields.texts("ErrorEquals", scalar_is_list=False))
    if not names:
        fields.problems.error(INVALID, f"{fields.what} names no error", fields.span("ErrorEquals"))
    return names
