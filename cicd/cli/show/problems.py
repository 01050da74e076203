"""Problems for people, with the line and a caret; and for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cicd.document.position import MarkedLine, printable
from cicd.document.problem import Severity
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cicd.document.fix import Fix
    from cicd.document.position import Span
    from cicd.document.problem import Problem
    from cicd.event import JSON

_BOLD = "1"
_BLUE = "1;34"
_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.NOTE: "notes"}


def render(problems: Iterable[Problem], *, colour: bool) -> str:
    """
    Lay problems out, one block each, and count them in a last line; "" for none.

    Whatever comes out of a document is made harmless first (see ``printable``).
    The text does not end in a line end.
    """
    told = tuple(problems)
    if not told:
        return ""
    blocks = [_block(problem, colour=colour) for problem in told]
    return "\n\n".join([*blocks, summary(told)])


def summary(problems: Iterable[Problem]) -> str:
    """Count by severity: "2 errors, 1 warning"; "" for none."""
    counts = Counter(problem.severity for problem in problems)
    return ", ".join(
        f"{counts[severity]} {severity.value if counts[severity] == 1 else _PLURALS[severity]}"
        for severity in Severity
        if counts[severity]
    )


def as_json(problems: Iterable[Problem]) -> list[dict[str, JSON]]:
    """Give one object a problem; lines and columns count from 1, ends are exclusive."""
    return [
        {
            "rule": problem.rule,
            "severity": problem.severity.value,
            "message": problem.message,
            **_place(problem.span),
            "hint": problem.hint,
            "note": problem.note,
            "labels": [{"text": label.text, **_place(label.span)} for label in problem.labels],
            "fix": _fix(problem.fix),
        }
        for problem in problems
    ]


def _fix(fix: Fix | None) -> JSON:
    if fix is None:
        return None
    return [{"text": edit.text, **_place(edit.span)} for edit in fix.edits]


def _place(span: Span) -> dict[str, JSON]:
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _block(problem: Problem, *, colour: bool) -> str:
    paint = _coloured if colour else _plain
    strong = _COLOURS[problem.severity]
    head = f"{problem.severity.value}[{problem.rule}]"
    here = [label for label in problem.labels if label.span.source == problem.span.source]
    elsewhere = [label for label in problem.labels if label.span.source != problem.span.source]
    spans = [problem.span, *(label.span for label in problem.labels)]
    gutter = max(len(str(span.line)) for span in spans)
    marks = [_mark(problem.span, "^", problem.hint or "", strong)]
    marks += [_mark(label.span, "-", label.text, _BLUE) for label in here]

    lines = [f"{paint(strong, head)}{paint(_BOLD, ': ' + printable(problem.message))}"]
    lines.append(f"{' ' * (gutter + 1)}{paint(_BLUE, '-->')} {printable(str(problem.span))}")
    if problem.span.source.text:
        lines += _excerpt(marks, gutter, colour=colour)
    elif problem.hint:
        lines.append(f"{' ' * (gutter + 2)}{paint(_BLUE, '=')} {printable(problem.hint)}")
    for label in elsewhere:
        lines.append(f"{' ' * (gutter + 1)}{paint(_BLUE, ':::')} {printable(str(label.span))}")
        lines += _excerpt([_mark(label.span, "-", label.text, _BLUE)], gutter, colour=colour)
    if problem.note:
        # The service's own words may be several lines.
        first, *rest = map(printable, problem.note.split("\n"))
        lines.append(f"{' ' * (gutter + 2)}{paint(_BLUE, '=')} {first}")
        lines += [f"{' ' * (gutter + 4)}{line}" for line in rest]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A stretch to underline, and what to say beside it."""

    number: int
    shown: MarkedLine
    sign: str
    text: str
    colour: str


def _mark(span: Span, sign: str, text: str, colour: str) -> _Mark:
    shown = span.marked_line()
    return _Mark(number=span.line, shown=shown, sign=sign, text=text, colour=colour)


def _excerpt(marks: Sequence[_Mark], gutter: int, *, colour: bool) -> list[str]:
    """Show each marked line once, in the order of the file, with its marks under it."""
    paint = _coloured if colour else _plain
    bar = paint(_BLUE, f"{' ' * (gutter + 2)}|")
    lines = [bar]
    last: tuple[int, str] | None = None
    for mark in sorted(marks, key=lambda mark: (mark.number, mark.shown.indent)):
        if last is not None and mark.number > last[0] + 1:
            lines.append(paint(_BLUE, "..."))
        if last != (mark.number, mark.shown.text):
            number = paint(_BLUE, f" {mark.number:>{gutter}} |")
            lines.append(f"{number} {mark.shown.text}".rstrip())
        last = (mark.number, mark.shown.text)
        signs = paint(mark.colour, mark.sign * mark.shown.width)
        said = paint(mark.colour, f" {printable(mark.text)}") if mark.text else ""
        lines.append(f"{bar} {' ' * mark.shown.indent}{signs}{said}")
    return lines


def _coloured(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(_code: str, text: str) -> str:
    return text
