"""Rules of a Choice state: comparisons, and what is made of them. Pure."""

from __future__ import annotations

import operator
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cicd.expression import is_filled
from cicd.states.paths import is_present, read, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.event import JSON

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_COMPARED: Final = re.compile(
    r"(String|Numeric|Timestamp)(Equals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)"
    r"(Path)?|(Boolean)(Equals)(Path)?|(String)(Matches)"
)
_TESTS: Final = ("IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp")
_BESIDE: Final = frozenset({"Variable", "Next", "Comment"})


def check_rule(rule: Mapping[str, JSON]) -> None:
    """Raise ``ValueError`` for a rule that cannot be meant, or that is not carried out here."""
    asked = [key for key in rule if key not in _BESIDE]
    if len(asked) != 1:
        raise ValueError(f"a rule has one comparison, or And, Or or Not, not {len(asked)}")
    (word,) = asked
    value = rule[word]
    if word in ("And", "Or"):
        if not isinstance(value, list) or not value:
            raise ValueError(f"'{word}' is a list of rules")
        inner = value
    elif word == "Not":
        inner = [value]
    else:
        if word not in _TESTS and _COMPARED.fullmatch(word) is None:
            raise ValueError(f"there is no comparison '{word}'")
        if not isinstance(rule.get("Variable"), str):
            raise ValueError(f"'{word}' needs a 'Variable'")
        steps(str(rule["Variable"]))
        if word.endswith("Path"):
            steps(str(value))
        return
    for each in inner:
        if not isinstance(each, dict) or "Next" in each:
            raise ValueError(f"what stands in '{word}' is a rule without 'Next'")
        check_rule(each)


def holds(rule: Mapping[str, JSON], data: JSON, context: Mapping[str, JSON]) -> bool:
    """Tell whether a rule holds; raises ``StateFailure`` where its variable is not there."""
    word = next(key for key in rule if key not in _BESIDE)
    value = rule[word]
    match word, value:
        case "And", list():
            return all(holds(each, data, context) for each in value if isinstance(each, dict))
        case "Or", list():
            return any(holds(each, data, context) for each in value if isinstance(each, dict))
        case "Not", dict():
            return not holds(value, data, context)
    path = str(rule["Variable"])
    if word == "IsPresent":
        return is_present(path, data, context) is (value is True)
    found = read(path, data, context)
    if word in _TESTS:
        return _is(word, found) is (value is True)
    return _compared(word, found, value, data, context)


def _compared(
    word: str, found: JSON, value: JSON, data: JSON, context: Mapping[str, JSON]
) -> bool:
    parts = _COMPARED.fullmatch(word)
    assert parts is not None, "the reader has checked the rule"
    kind, order, path = (parts[1], parts[2], parts[3])
    if parts[4]:
        kind, order, path = (parts[4], parts[5], parts[6])
    elif parts[7]:
        return isinstance(found, str) and is_filled(_pieces(str(value)), found)
    other = read(str(value), data, context) if path else value
    left, right = _as(kind, found), _as(kind, other)
    return left is not None and right is not None and _ORDERS[order](left, right)


def _as(kind: str, value: JSON) -> object:
    """Give a value of the kind that is compared; None: it is of another."""
    match kind, value:
        case "String", str():
            return value
        case "Boolean", bool():
            return value
        case "Numeric", int() | float() if not isinstance(value, bool):
            return value
        case "Timestamp", str():
            return timestamp(value)
    return None


def _is(word: str, value: JSON) -> bool:
    match word:
        case "IsNull":
            return value is None
        case "IsTimestamp":
            return isinstance(value, str) and timestamp(value) is not None
        case "IsBoolean":
            return isinstance(value, bool)
        case "IsString":
            return isinstance(value, str)
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def timestamp(text: str) -> datetime | None:
    """Read a moment of RFC 3339, with its zone; None: it is none."""
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _pieces(written: str) -> list[str]:
    r"""Part a pattern at each ``*``, which is anything; ``\*`` is a star."""
    pieces = [""]
    for part in re.findall(r"\\.|\*|[^\\*]+", written, re.DOTALL):
        if part == "*":
            pieces.append("")
        else:
            pieces[-1] += part.removeprefix("\\")
    return pieces
