"""
Glob patterns of Git triggers: which names they match. Pure.

A pattern becomes a small automaton, so that none of them can take long, whatever it says.

Source: CodePipeline User Guide, "Working with glob patterns in syntax".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

_Test: TypeAlias = Callable[[str], bool]


class PatternInvalid(Exception):
    """A pattern that is no glob; the message says why. Caught where patterns are judged."""


def matches(pattern: str, name: str) -> bool:
    """
    Tell whether a whole name matches; letters count in their case.

    ``*`` and ``?`` do not cross "/", ``**`` does; ``[a-z]``, ``[!a]``, ``{a,b}``; a
    backslash takes the next character as it is.
    Local rule: ``**/`` is any number of directories, none too, as AWS's examples have it.

    Raises:
        PatternInvalid: It is not a glob.

    """
    return _machine(pattern).matches(name)


def check(pattern: str) -> None:
    """Raise ``PatternInvalid`` for what is not a glob."""
    _machine(pattern)


@cache
def _machine(pattern: str) -> _Machine:
    return _Machine(pattern)


class _Machine:
    """States are numbers; from each there are steps over one character, and free ones."""

    def __init__(self, pattern: str) -> None:
        self._steps: list[list[tuple[_Test, int]]] = [[]]
        self._free: list[list[int]] = [[]]
        self._pattern = pattern
        self._at = 0
        self._end = self._sequence(0, inside=False)

    def matches(self, name: str) -> bool:
        """Walk all ways at once."""
        here = self._reach({0})
        for letter in name:
            here = self._reach(
                {to for state in here for test, to in self._steps[state] if test(letter)}
            )
        return self._end in here

    def _reach(self, states: set[int]) -> set[int]:
        waiting = list(states)
        while waiting:
            for to in self._free[waiting.pop()]:
                if to not in states:
                    states.add(to)
                    waiting.append(to)
        return states

    def _state(self) -> int:
        self._steps.append([])
        self._free.append([])
        return len(self._steps) - 1

    def _one(self, at: int, test: _Test) -> int:
        to = self._state()
        self._steps[at].append((test, to))
        return to

    def _many(self, at: int, test: _Test) -> int:
        to = self._state()
        self._free[at].append(to)
        self._steps[to].append((test, to))
        return to

    def _sequence(self, at: int, *, inside: bool) -> int:
        """Add what stands up to the end, or up to a "," or "}" inside braces."""
        pattern = self._pattern
        while self._at < len(pattern):
            letter = pattern[self._at]
            if inside and letter in ",}":
                return at
            self._at += 1
            if letter == "*":
                at = self._stars(at)
            elif letter == "?":
                at = self._one(at, _not_slash)
            elif letter == "[":
                at = self._one(at, self._set())
            elif letter == "{":
                if inside:
                    raise PatternInvalid("braces stand inside braces")
                at = self._choice(at)
            elif letter == "\\":
                if self._at == len(pattern):
                    raise PatternInvalid("it ends in a backslash")
                at = self._one(at, pattern[self._at].__eq__)
                self._at += 1
            else:
                at = self._one(at, letter.__eq__)
        if inside:
            raise PatternInvalid("a '{' is not closed")
        return at

    def _stars(self, at: int) -> int:
        pattern, begin = self._pattern, self._at - 1
        if not pattern.startswith("*", self._at):
            return self._many(at, _not_slash)
        while pattern.startswith("*", self._at):
            self._at += 1
        whole = begin == 0 or pattern[begin - 1] in "/{,"
        if not (whole and pattern.startswith("/", self._at)):
            return self._many(at, _anything)
        self._at += 1
        to = self._one(self._many(at, _anything), "/".__eq__)
        self._free[at].append(to)
        return to

    def _choice(self, at: int) -> int:
        end = self._state()
        while True:
            branch = self._state()
            self._free[at].append(branch)
            self._free[self._sequence(branch, inside=True)].append(end)
            self._at += 1
            if self._pattern[self._at - 1] == "}":
                return end

    def _set(self) -> _Test:
        pattern, begin = self._pattern, self._at
        end = pattern.find("]", begin + (2 if pattern.startswith("!", begin) else 1))
        if end < 0:
            raise PatternInvalid("a '[' is not closed")
        self._at = end + 1
        negated = pattern[begin] == "!"
        inner = pattern[begin + negated : end]
        singles, ranges, at = set(), [], 0
        while at < len(inner):
            if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
                ranges.append((inner[at], inner[at + 2]))
                at += 3
            else:
                singles.add(inner[at])
                at += 1

        def test(letter: str) -> bool:
            found = letter in singles or any(low <= letter <= high for low, high in ranges)
            return letter != "/" and found is not negated

        return test


def _not_slash(letter: str) -> bool:
    return letter != "/"


def _anything(letter: str) -> bool:
    return bool(letter)
