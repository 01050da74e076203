"""The SELinux ``context`` of ``permissions``: its grammar. It is validated, never carried out."""

from __future__ import annotations

import re

from cicd.record import dataclass

_SENSITIVITY = re.compile(r"s(\d{1,2})")
_CATEGORY = re.compile(r"c(\d{1,4})")
_HIGHEST_CATEGORY = 1023


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """An SELinux label. ``user`` is the key ``name`` to the agent, ``user`` in the guide."""

    user: str | None
    type: str
    range: str | None


def range_problem(text: str) -> str | None:
    """
    Say what is wrong with a range ``s<n>[-s<n>][:c<n>[.c<n>][,c<n>...]]``; None: nothing.

    Source: the agent's grammar of SELinux ranges.
    """
    sensitivity, _, categories = text.partition(":")
    levels = []
    for part in sensitivity.split("-"):
        match = _SENSITIVITY.fullmatch(part)
        if not match:
            return f"invalid sensitivity {part}"
        levels.append(int(match[1]))
    if len(levels) > 2:
        return f"invalid range part {sensitivity}"
    if len(levels) == 2 and levels[1] < levels[0]:
        return f"invalid sensitivity range {sensitivity}"
    return _categories_problem(categories) if categories else None


def _categories_problem(text: str) -> str | None:
    seen: set[int] = set()
    for part in text.split(","):
        numbers = []
        for end in part.split("."):
            match = _CATEGORY.fullmatch(end)
            if not match or int(match[1]) > _HIGHEST_CATEGORY:
                return f"invalid category {end}"
            numbers.append(int(match[1]))
        if len(numbers) > 2 or numbers[-1] < numbers[0]:
            return f"invalid category range {part}"
        inside = set(range(numbers[0], numbers[-1] + 1))
        if inside & seen:
            return "duplicate categories"
        seen |= inside
    return None
