"""Problems that were there before: a file of them, so that only new ones count."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.document.problem import Problem

VERSION = 1


def baseline_of(problems: Iterable[Problem]) -> str:
    """Write problems down without their lines, which change whenever something is added above."""
    counted = Counter(map(_key, problems))
    entries = [
        {"file": file, "rule": rule, "message": message, "count": count}
        for (file, rule, message), count in sorted(counted.items())
    ]
    return json.dumps({"version": VERSION, "problems": entries}, indent=2) + "\n"


def read_baseline(text: str, name: str) -> Counter[tuple[str, str, str]]:
    """Read such a file; raises ``UsageError`` for anything else."""
    try:
        document = {VERSION: json.loads(text)}[json.loads(text)["version"]]
        return Counter(
            {(e["file"], e["rule"], e["message"]): int(e["count"]) for e in document["problems"]}
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(
            f"'{name}' is not a baseline of cicd lint",
            hint=f"write it anew: cicd lint --baseline {name} --write-baseline",
        ) from None


def without_known(
    problems: Iterable[Problem], known: Counter[tuple[str, str, str]]
) -> tuple[Problem, ...]:
    """Leave out as many of each problem as were there before."""
    left = Counter(known)
    kept = []
    for problem in problems:
        key = _key(problem)
        if left[key] > 0:
            left[key] -= 1
        else:
            kept.append(problem)
    return tuple(kept)


def _key(problem: Problem) -> tuple[str, str, str]:
    return problem.span.source.name, problem.rule, problem.message
