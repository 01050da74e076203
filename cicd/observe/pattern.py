"""
EventBridge's pattern language: which events a pattern means. Pure.

A pattern is an object in the shape of an event. Its leaves are lists, and one of a list's values
or filters must hold; all the fields must. An event's list holds where one of its elements does.
Source: EventBridge User Guide, "Creating Amazon EventBridge event patterns".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from cicd.errors import UsageError
from cicd.observe.pattern_filters import FILTERS, Leaf, equal, scalar_words

Check: TypeAlias = Callable[
    [object], bool
]  # of what stands at a place, or ``None`` with ``False``
Pattern: TypeAlias = Callable[[Mapping[str, object]], bool]

MOST = 4096  # characters of a pattern, EventBridge's quota


class InvalidEventPattern(UsageError):
    """A pattern that EventBridge would refuse (InvalidEventPatternException)."""

    def __init__(self, reason: str, path: Sequence[str]) -> None:
        """Say what is wrong, and at which key."""
        where = f" at '{'.'.join(path)}'" if path else ""
        super().__init__(
            f"the event pattern is not valid{where}: {reason}",
            hint="InvalidEventPatternException; 'cicd events test-pattern' tries one",
        )
        self.reason = reason
        self.path = tuple(path)


def read_pattern(written: object) -> Pattern:
    """Give the pattern that plain JSON says; raises ``InvalidEventPattern``."""
    return _object(written, ())


class _Missing:
    """Stands where an event has nothing."""


_MISSING = _Missing()


def _object(written: object, path: tuple[str, ...]) -> Check:
    if not isinstance(written, Mapping):
        raise InvalidEventPattern("a pattern is an object", path)
    if not written:
        raise InvalidEventPattern("an empty object matches nothing", path)
    fields: list[tuple[str, Check]] = []
    either: list[Check] = []
    for key, inner in written.items():
        name = str(key)
        if name == "$or":
            either.append(_alternatives(inner, (*path, name)))
        elif isinstance(inner, Mapping):
            fields.append((name, _object(inner, (*path, name))))
        elif isinstance(inner, Sequence) and not isinstance(inner, str):
            fields.append((name, _leaf(inner, (*path, name))))
        else:
            raise InvalidEventPattern(
                f"{scalar_words(inner)} must stand in a list, as [{scalar_words(inner)}]",
                (*path, name),
            )

    def holds(value: object) -> bool:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return any(holds(element) for element in value)
        found = value if isinstance(value, Mapping) else {}
        return all(check(found.get(name, _MISSING)) for name, check in fields) and all(
            check(found) for check in either
        )

    return holds


def _alternatives(written: object, path: tuple[str, ...]) -> Check:
    if not isinstance(written, Sequence) or isinstance(written, str) or len(written) < 2:
        raise InvalidEventPattern("'$or' is a list of at least two objects", path)
    checks = [_object(each, path) for each in written]
    return lambda value: any(check(value) for check in checks)


def _leaf(written: Sequence[object], path: tuple[str, ...]) -> Check:
    if not written:
        raise InvalidEventPattern("an empty list matches nothing", path)
    tests = [_test(each, path) for each in written]

    def holds(value: object) -> bool:
        leaves = tuple(_leaves(value))
        return any(test(leaves) for test in tests)

    return holds


def _leaves(value: object) -> list[Leaf]:
    """Give the values that stand at a leaf: none where nothing is, or an object."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [leaf for element in value for leaf in _leaves(element)]
    if value is None or isinstance(value, str | int | float):
        return [value]
    return []


def _test(written: object, path: tuple[str, ...]) -> Callable[[Sequence[Leaf]], bool]:
    if written is None or isinstance(written, str | int | float):
        wanted: Leaf = written
        return lambda leaves: any(equal(wanted, leaf) for leaf in leaves)
    if not isinstance(written, Mapping) or len(written) != 1:
        raise InvalidEventPattern("a list holds values, and filters of one key each", path)
    ((name, inner),) = written.items()
    if name == "exists":
        if not isinstance(inner, bool):
            raise InvalidEventPattern("'exists' is true or false", path)
        return lambda leaves: bool(leaves) is inner
    if name not in FILTERS:
        raise InvalidEventPattern(
            f"'{name}' is no filter; there are {', '.join((*FILTERS, 'exists'))}", path
        )
    try:
        one = FILTERS[name](inner)
    except ValueError as reason:
        raise InvalidEventPattern(str(reason), path) from None
    return lambda leaves: any(one(leaf) for leaf in leaves)
