"""Payload templates: ``Parameters``, ``ResultSelector``, and their intrinsic functions. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cicd.states.failure import NotHere, StateFailure, runtime
from cicd.states.machine import ErrorName
from cicd.states.paths import read, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cicd.event import JSON

_CALL: Final = re.compile(r"States\.([A-Za-z0-9]+)\(")
_TEXT: Final = re.compile(r"'((?:[^'\\]|\\.)*)'")
_WORD: Final = re.compile(r"[^,()'\s]+(?:\['[^']*'\][^,()'\s]*)*")
_WORDS: Final[Mapping[str, JSON]] = {"null": None, "true": True, "false": False}


def check_template(value: JSON) -> None:
    """Raise ``ValueError`` for a path or an intrinsic function that is not carried out here."""
    match value:
        case dict():
            for key, inner in value.items():
                if not key.endswith(".$"):
                    check_template(inner)
                elif not isinstance(inner, str):
                    raise ValueError(f"the value of '{key}' must be a path")
                elif inner.startswith("States."):
                    _Reader(inner, lambda _path: "", run=False).whole()
                else:
                    steps(inner)
        case list():
            for inner in value:
                check_template(inner)


def fill(value: JSON, data: JSON, context: Mapping[str, JSON]) -> JSON:
    """Give a template with its paths read; raises ``StateFailure``."""
    match value:
        case dict():
            return {
                key.removesuffix(".$"): _read(str(inner), data, context)
                if key.endswith(".$")
                else fill(inner, data, context)
                for key, inner in value.items()
            }
        case list():
            return [fill(inner, data, context) for inner in value]
    return value


def _read(written: str, data: JSON, context: Mapping[str, JSON]) -> JSON:
    if written.startswith("States."):
        return _Reader(written, lambda path: read(path, data, context), run=True).whole()
    try:
        return read(written, data, context)
    except StateFailure as failure:
        raise StateFailure(ErrorName.PARAMETER_PATH, failure.cause) from None


class _Reader:
    """Reads one call of an intrinsic function, and those within it, from left to right."""

    def __init__(self, written: str, look: Callable[[str], JSON], *, run: bool) -> None:
        self._written = written
        self._look = look
        self._run = run
        self._at = 0

    def whole(self) -> JSON:
        value = self._value()
        if self._at != len(self._written):
            raise ValueError(f"'{self._written}' is no call of one intrinsic function")
        return value

    def _value(self) -> JSON:
        call = _CALL.match(self._written, self._at)
        if call is not None:
            self._at = call.end()
            return self._call(call[1])
        text = _TEXT.match(self._written, self._at)
        if text is not None:
            self._at = text.end()
            return re.sub(r"\\(.)", r"\1", text[1])
        word = _WORD.match(self._written, self._at)
        if word is None:
            raise ValueError(f"'{self._written}' cannot be read at '{self._written[self._at :]}'")
        self._at = word.end()
        if word[0].startswith("$"):
            if self._run:
                return self._look(word[0])
            steps(word[0])
            return None
        if word[0] in _WORDS:
            return _WORDS[word[0]]
        try:
            value: JSON = json.loads(word[0])
        except ValueError:
            raise ValueError(f"'{word[0]}' of '{self._written}' is no value") from None
        return value

    def _call(self, name: str) -> JSON:
        function = _FUNCTIONS.get(name)
        if function is None:
            if name not in _ELSEWHERE:
                raise ValueError(f"there is no intrinsic function States.{name}")
            raise NotHere(
                f"the intrinsic function States.{name} is not carried out here: "
                f"{', '.join(f'States.{each}' for each in _FUNCTIONS)} are"
            )
        given: list[JSON] = []
        while self._skip() != ")":
            given.append(self._value())
            if self._skip() not in (",", ")"):
                raise ValueError(f"'{self._written}' lacks a comma, or a ')'")
            if self._skip() == ",":
                self._at += 1
        self._at += 1
        if not self._run:
            return None
        try:
            return function(given)
        except StateFailure:
            raise
        except (ValueError, TypeError, LookupError) as problem:
            raise StateFailure(
                ErrorName.INTRINSIC, f"States.{name} cannot work with its arguments: {problem}"
            ) from None

    def _skip(self) -> str:
        while self._written[self._at : self._at + 1].isspace():
            self._at += 1
        return self._written[self._at : self._at + 1]


def _format(given: Sequence[JSON]) -> JSON:
    form, *values = given
    parts = str(form).split("{}")
    if len(parts) != len(values) + 1:
        raise ValueError(f"'{form}' has {len(parts) - 1} places for {len(values)} values")
    words = [each if isinstance(each, str) else json.dumps(each) for each in values]
    return "".join(part + word for part, word in zip(parts, [*words, ""], strict=True))


def _item(given: Sequence[JSON]) -> JSON:
    items, index = given
    if not isinstance(items, list) or not isinstance(index, int):
        raise runtime("States.ArrayGetItem takes an array and an index")
    found: JSON = items[index]
    return found


def _length(given: Sequence[JSON]) -> JSON:
    (items,) = given
    if not isinstance(items, list):
        raise runtime("States.ArrayLength takes an array")
    return len(items)


def _sum(given: Sequence[JSON]) -> JSON:
    first, second = given
    if not isinstance(first, int | float) or not isinstance(second, int | float):
        raise runtime("States.MathAdd takes two numbers")
    return first + second


_FUNCTIONS: Final[Mapping[str, Callable[[Sequence[JSON]], JSON]]] = {
    "Format": _format,
    "Array": list,
    "ArrayGetItem": _item,
    "ArrayLength": _length,
    "JsonToString": lambda given: json.dumps(given[0], separators=(",", ":")),
    "StringToJson": lambda given: json.loads(str(given[0])),
    "MathAdd": _sum,
}
_ELSEWHERE: Final = frozenset(
    {
        *("ArrayPartition", "ArrayContains", "ArrayRange", "ArrayUnique", "Base64Encode"),
        *("Base64Decode", "Hash", "JsonMerge", "MathRandom", "StringSplit", "UUID"),
    }
)
"""Source: Step Functions Developer Guide, "Intrinsic functions for JSONPath states"."""
