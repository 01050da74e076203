"""What the YAML parser could not read → a problem in words that help. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.problem import Label, Problem, Severity
from cicd.document.yaml_slips import probable_slip
from cicd.document.yaml_words import explained
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.document.node import Node
    from cicd.document.position import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What the parser says: while doing what, what is wrong, and where, in characters."""

    context: str  # "" for none
    problem: str
    begun: int | None  # where what it was doing began
    at: int | None


def syntax_problem(
    source: Source, complaint: Complaint, read: Callable[[Source], Node]
) -> Problem:
    """
    Say what is probably meant, at the place where it is to be mended.

    ``read`` reads a text that is a mended one, to find out whether that would be enough.
    """
    text = source.text
    at = complaint.begun if complaint.at is None else complaint.at
    index = len(text) if at is None else min(at, len(text))
    said = explained(complaint.context, complaint.problem, text[index:])
    labels: tuple[Label, ...] = ()
    if complaint.begun is not None:
        begun = min(complaint.begun, len(text))
        where = source.span(begun, begun)
        if said.at_opening:
            index = begun
        elif where.line != source.span(index, index).line:
            labels = (Label(span=where, text=said.opened),)
    span = source.span(index, min(index + 1, len(text)))
    note = f"the YAML parser says: {said.words}"
    slip = probable_slip(source, span.line) if said.slips else None
    if slip is not None:
        return Problem(
            rule="document/syntax",
            severity=Severity.ERROR,
            message=slip.message,
            span=slip.span,
            hint=slip.hint,
            note=note,
            fix=slip.fix,
        )
    fix = None
    if "\t" in source.line(span.line):
        from cicd.document.tabs import without_tabs

        fix = without_tabs(source, read)
    return Problem(
        rule="document/syntax",
        severity=Severity.ERROR,
        message=said.message,
        span=span,
        hint=said.hint,
        labels=labels,
        note=note,
        fix=fix,
    )
