"""Comments of a document that say which problems are meant to be there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.position import brief
from cicd.document.problem import Problem, Severity
from cicd.nearest import closest
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.document.position import Source

_COMMENT = re.compile(
    r"#\s*cicd-lint:\s*(ignore-file|ignore)\s*=\s*([\w/*-]+(?:\s*,\s*[\w/*-]+)*)"
)
_RULE = "lint/unknown-rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """What one source asks to pass over: by line, and everywhere ("" is line 0)."""

    lines: dict[int, frozenset[str]]

    def covers(self, problem: Problem) -> bool:
        """Tell whether a problem is passed over: its line, the comments above it, the file."""
        source, line = problem.span.source, problem.span.line
        places = [0, line]
        while line > 1 and source.line(line - 1).lstrip().startswith("#"):
            line -= 1
            places.append(line)
        names = (problem.rule, problem.rule.partition("/")[0] + "/*")
        return any(name in self.lines.get(place, ()) for place in places for name in names)


def without_ignored(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """
    Leave out what a comment says is meant, on its line, the line above, or for the whole file.

    A comment that names no rule we have is told as a warning.
    """
    kept: list[Problem] = []
    known: dict[str, Ignored] = {}
    for problem in problems:
        source = problem.span.source
        ignored = known.get(source.name)
        if ignored is None:
            ignored = known[source.name] = Ignored(lines=_comments(source))
        if not ignored.covers(problem):
            kept.append(problem)
    return tuple(kept)


def misspelt_comments(source: Source) -> tuple[Problem, ...]:
    """Give a warning for each name in such a comment that is no rule."""
    found: list[Problem] = []
    for number in _marked(source):
        for match in _COMMENT.finditer(source.line(number)):
            for name in re.finditer(r"[\w/*-]+", match[2]):
                if not name[0].endswith("/*") and not _is_rule(name[0]):
                    start = source.starts[number - 1] + match.start(2) + name.start()
                    found.append(_unknown(name[0], source, start))
    return tuple(found)


def _unknown(name: str, source: Source, start: int) -> Problem:
    from cicd.lint.explain import rule_names

    near = closest(name, rule_names())
    return Problem(
        rule=_RULE,
        severity=Severity.WARNING,
        message=f"'{brief(name)}' is not a rule",
        span=source.span(start, start + len(name)),
        hint=f"did you mean '{near}'?" if near else "a problem shows its rule in brackets",
    )


def _is_rule(name: str) -> bool:
    from cicd.lint.explain import rule_names

    return name in rule_names()


def _comments(source: Source) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for number in _marked(source):
        for match in _COMMENT.finditer(source.line(number)):
            place = 0 if match[1] == "ignore-file" else number
            names = frozenset(re.split(r"\s*,\s*", match[2]))
            found[place] = found.get(place, frozenset()) | names
    return found


def _marked(source: Source) -> tuple[int, ...]:
    if "cicd-lint:" not in source.text:
        return ()
    lines = range(1, len(source.starts) + 1)
    return tuple(number for number in lines if "cicd-lint:" in source.line(number))
