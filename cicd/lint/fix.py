"""The safe corrections of a document, made on its text: comments and layout stay."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from cicd.document.problem import Severity
from cicd.lint.check import check_content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.document.fix import Edit
    from cicd.document.problem import Problem
    from cicd.lint.check import Checked
    from cicd.lint.documents import Candidate, Kind

_PASSES = 8  # a correction may show the next thing that is wrong: a phase, then what is in it
_MARK = b"\xef\xbb\xbf"


def corrected(candidate: Candidate, kind: Kind | None, given: bytes) -> tuple[bytes, int]:
    """
    Make every safe correction, pass after pass, until nothing is left to correct.

    A pass after which there are more errors than before is not kept.

    Returns:
        The document's bytes after it, and how many corrections were made.

    """
    made = 0
    checked = check_content(candidate, kind, given)
    for _ in range(_PASSES):
        text, count = _edited(given, checked)
        if not count:
            break
        after = check_content(candidate, kind, text)
        if not after.readable or _errors(after) > _errors(checked):
            break
        given, checked, made = text, after, made + count
    return given, made


def difference(name: str, before: bytes, after: bytes) -> str:
    """Show what was corrected, as ``diff -u`` does."""
    old, new = (text.decode("utf-8").splitlines(keepends=True) for text in (before, after))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(old, new, f"a/{name}", f"b/{name}")
    )


def _edited(given: bytes, checked: Checked) -> tuple[bytes, int]:
    mark = _MARK if given.startswith(_MARK) else b""
    try:
        text = given.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError:
        return given, 0
    taken: list[tuple[int, int, str]] = []
    count = 0
    for problem in checked.problems:
        if problem.fix is None or problem.span.source.name != checked.name:
            continue
        edits = [_offsets(edit) for edit in problem.fix.edits if edit.span.source.text == text]
        if len(edits) == len(problem.fix.edits) and not _overlap(edits, taken):
            taken += edits
            count += 1
            mark = b"" if problem.fix.unmark else mark
    for start, end, new in sorted(taken, reverse=True):
        text = text[:start] + new + text[end:]
    return mark + text.encode("utf-8"), count


def _offsets(edit: Edit) -> tuple[int, int, str]:
    starts, span = edit.span.source.starts, edit.span
    return (
        starts[span.line - 1] + span.column - 1,
        starts[span.end_line - 1] + span.end_column - 1,
        edit.text,
    )


def _overlap(edits: Iterable[tuple[int, int, str]], taken: Iterable[tuple[int, int, str]]) -> bool:
    return any(
        start < other_end and other_start < end
        for start, end, _ in edits
        for other_start, other_end, _ in taken
    )


def _errors(checked: Checked) -> int:
    return sum(problem.severity is Severity.ERROR for problem in checked.problems)


def correctable(problems: Iterable[Problem]) -> int:
    """Count the problems that have a safe correction."""
    return sum(problem.fix is not None for problem in problems)
