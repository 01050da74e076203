"""Keys of a mapping as a reader meets them, and what happens to twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.node import Entry, Node
from cicd.document.position import brief
from cicd.document.problem import Label, Problem, Severity

if TYPE_CHECKING:
    from cicd.document.problem import Problems


def enter(
    entries: dict[str, Entry], key: Node, value: Node, *, problems: Problems | None, where: str
) -> None:
    """
    Enter a key and its value.

    Args:
        entries: Those of the mapping so far.
        key: A scalar.
        value: What it names.
        problems: Takes a key that is there already, whose first value then stays;
            None: the last value wins.
        where: "mapping" or "object", as the language says.

    """
    first = entries.get(key.text)
    if first is None or problems is None:
        entries[key.text] = Entry(key=key.text, key_span=key.span, value=value)
        return
    problems.add(
        Problem(
            rule="document/duplicate-key",
            severity=Severity.ERROR,
            message=f"'{brief(key.text)}' is written twice in one {where}",
            span=key.span,
            hint="keep one of the two, or join them",
            labels=(Label(span=first.key_span, text="first written here"),),
        )
    )
