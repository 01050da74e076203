"""What the API's readers say of a resource, without what is known better of the template."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from cicd.document.node import Entry
    from cicd.document.position import Span
    from cicd.document.problem import Problems

_OWN = frozenset(
    {
        *("template/unknown-property", "template/missing-property"),
        *("template/wrong-type", "template/unknown-value"),
    }
)
_SHAPES = ("/unknown-key", "/missing-key", "/wrong-type")


def add_judged(
    found: Problems, resource: Entry, unknown: Collection[Span], problems: Problems
) -> None:
    """
    Take over what was found in the API's shape of a resource, but for what is known better.

    Args:
        found: Problems of the API's shape.
        resource: The resource, as written.
        unknown: Places of values that are not known, which nobody can judge.
        problems: What is known of the template, and where to add.

    """
    lines = range(resource.key_span.line, resource.value.span.end_line + 1)
    told = any(p.rule in _OWN and p.span.line in lines for p in problems)
    for problem in found:
        in_other_words = told and problem.rule.endswith(_SHAPES)
        if problem.span not in unknown and not in_other_words:
            # A value that a function gave is not mended where the function stands.
            made = problem.span.text.startswith(("!", "{"))
            problems.add(replace(problem, fix=None) if made else problem)
