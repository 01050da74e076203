"""The filters of EventBridge's patterns, each a test of one value. Pure."""

# ruff: noqa: TRY004  # whatever is wrong with a pattern is one and the same to who reads it

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from cicd.expression import is_filled

Leaf: TypeAlias = "str | int | float | bool | None"
Test: TypeAlias = Callable[[Leaf], bool]


def equal(one: Leaf, other: Leaf) -> bool:
    """Tell whether two values are the same: 300 and 300.0 are not, nor are 1 and true."""
    return type(one) is type(other) and one == other


def scalar_words(value: object) -> str:
    """Write a value as it stands in JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _prefix(written: object) -> Test:
    if isinstance(written, Mapping):
        start = _folded(written, "prefix")
        return lambda leaf: isinstance(leaf, str) and leaf.casefold().startswith(start)
    text = _text(written, "prefix")
    return lambda leaf: isinstance(leaf, str) and leaf.startswith(text)


def _suffix(written: object) -> Test:
    if isinstance(written, Mapping):
        end = _folded(written, "suffix")
        return lambda leaf: isinstance(leaf, str) and leaf.casefold().endswith(end)
    text = _text(written, "suffix")
    return lambda leaf: isinstance(leaf, str) and leaf.endswith(text)


def _equals_ignore_case(written: object) -> Test:
    wanted = _text(written, "equals-ignore-case").casefold()
    return lambda leaf: isinstance(leaf, str) and leaf.casefold() == wanted


def _wildcard(written: object) -> Test:
    """``*`` is any run of characters; a backslash before it, or before itself, takes it as is."""
    text = _text(written, "wildcard")
    pieces = [""]
    place = 0
    while place < len(text):
        sign = text[place]
        if sign == "\\":
            place += 1
            if text[place : place + 1] not in {"*", "\\"} or not text[place : place + 1]:
                raise ValueError("a backslash in 'wildcard' stands before * or another backslash")
            pieces[-1] += text[place]
        elif sign == "*":
            if len(pieces) > 1 and not pieces[-1]:
                raise ValueError("'wildcard' has no two * in a row")
            pieces.append("")
        else:
            pieces[-1] += sign
        place += 1
    return lambda leaf: isinstance(leaf, str) and is_filled(pieces, leaf)


def _anything_but(written: object) -> Test:
    """Anything that is there, but not these: a value, a list, or a filter of texts."""
    if isinstance(written, Mapping):
        if len(written) != 1:
            raise ValueError("'anything-but' takes one filter")
        ((name, inner),) = written.items()
        if name not in _BUT:
            raise ValueError(f"'anything-but' takes {', '.join(_BUT)}, not '{name}'")
        unwanted = [_BUT[name](each) for each in _listed(inner)]
        return lambda leaf: not any(test(leaf) for test in unwanted)
    values = _listed(written)
    if not all(isinstance(each, str | int | float) for each in values):
        raise ValueError("'anything-but' takes texts and numbers")
    return lambda leaf: (
        not any(equal(each, leaf) for each in values if isinstance(each, str | int | float))
    )


def _numeric(written: object) -> Test:
    """``[">", 0, "<=", 5]``: one comparison, or two that make a range."""
    if not isinstance(written, Sequence) or isinstance(written, str):
        raise ValueError('\'numeric\' is a list such as [">", 0, "<=", 5]')
    if len(written) not in {2, 4}:
        raise ValueError("'numeric' holds one comparison, or two")
    tests: list[Callable[[float], bool]] = []
    for sign, number in zip(written[::2], written[1::2], strict=True):
        if sign not in _COMPARE:
            raise ValueError(f"'numeric' compares by {', '.join(_COMPARE)}")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"'numeric' compares with numbers, not with {scalar_words(number)}")
        tests.append(_COMPARE[str(sign)](number))
    if len(written) == 4 and not (
        written[0] in {">", ">="} and written[2] in {"<", "<="} and written[1] < written[3]
    ):
        raise ValueError('\'numeric\' makes a range from below: [">", 0, "<=", 5]')

    def holds(leaf: Leaf) -> bool:
        if isinstance(leaf, bool) or not isinstance(leaf, int | float):
            return False
        return all(test(leaf) for test in tests)

    return holds


_COMPARE: Mapping[str, Callable[[float], Callable[[float], bool]]] = {
    "=": lambda limit: lambda value: value == limit,
    ">": lambda limit: lambda value: value > limit,
    ">=": lambda limit: lambda value: value >= limit,
    "<": lambda limit: lambda value: value < limit,
    "<=": lambda limit: lambda value: value <= limit,
}


def _cidr(written: object) -> Test:
    from ipaddress import ip_address, ip_network

    text = _text(written, "cidr")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is no range of addresses, such as 10.0.0.0/24") from None

    def holds(leaf: Leaf) -> bool:
        if not isinstance(leaf, str):
            return False
        try:
            return ip_address(leaf) in network
        except ValueError:
            return False

    return holds


def _text(written: object, name: str) -> str:
    if not isinstance(written, str):
        raise ValueError(f"'{name}' takes a text, not {scalar_words(written)}")
    if not written:
        raise ValueError(f"'{name}' takes a text that is not empty")
    return written


def _folded(written: Mapping[object, object], name: str) -> str:
    if list(written) != ["equals-ignore-case"]:
        raise ValueError(f"'{name}' takes a text, or an equals-ignore-case")
    return _text(written["equals-ignore-case"], name).casefold()


def _listed(written: object) -> Sequence[object]:
    found = (
        written if isinstance(written, Sequence) and not isinstance(written, str) else [written]
    )
    if not found:
        raise ValueError("'anything-but' takes at least one value")
    return found


_BUT: Mapping[str, Callable[[object], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
}

FILTERS: Mapping[str, Callable[[object], Test]] = {
    **_BUT,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
"""By name; each raises ``ValueError`` for what its filter may not be given."""
