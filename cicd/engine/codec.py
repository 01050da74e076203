"""
Frozen dataclasses ↔ JSON, strict in both directions.

This is how plans, commands and outcomes are written into events and read out of them again.
What a field may be: ``None bool int float str``, ``JSON``, enums, ``datetime`` (aware; RFC 3339
in UTC with microseconds), ``timedelta`` (seconds), ``Path``, dataclasses, ``tuple[X, ...]``,
``tuple[X, Y]``, ``Mapping[str, X]`` and unions of these that JSON can tell apart.
Members of a union of dataclasses carry their class's name: ``{"type": "RunCommand", …}``;
so does a dataclass that is encoded on its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from math import isfinite
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, overload

from cicd.errors import Unavailable
from cicd.event import JSON

T = TypeVar("T")

TAG = "type"


def encode(value: object) -> JSON:
    """
    Give the JSON of a value of the kinds above.

    Raises ``TypeError`` for anything else, and for a field that does not hold what it declares:
    both are mistakes of the program, never of its input.
    """
    cls: Any = type(value)
    if _is_record(cls):
        return _encode_dataclass(cls, value, tagged=not _has_own_tag(cls))
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): encode(item) for key, item in value.items()}
    return _encode(type(value), value, "the value")


@overload
def decode(type_: type[T], data: object) -> T: ...
@overload
def decode(type_: UnionType, data: object) -> Any: ...  # a checker cannot name a union's members
def decode(type_: object, data: object) -> object:
    """
    Give the value of ``type_`` that ``data`` was made from.

    A field that ``data`` lacks takes its default, so that fields can be added later.
    Raises ``Unavailable`` when ``data`` is anything but what ``encode`` writes for ``type_``.
    """
    return _decode(type_, data, getattr(type_, "__name__", "data"))


# ── Value → JSON ──────────────────────────────────────────────────────────────────────────────


def _encode(hint: Any, value: Any, where: str) -> JSON:
    if hint is JSON:
        return _plain(value, where)
    if get_origin(hint) in (Union, UnionType):
        return _encode_union(get_args(hint), value, where)
    if not _is_a(hint, value):
        raise TypeError(f"{where} is declared {hint}, not {type(value)}")
    if isinstance(value, Enum):
        return _plain(value.value, where)
    if _is_record(hint):
        return _encode_dataclass(hint, value, tagged=False)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError(f"{where} is a time without a zone")
        text = value.astimezone(UTC).isoformat(timespec="microseconds")
        return text.removesuffix("+00:00") + "Z"
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [_encode(h, v, where) for h, v in zip(_item_hints(hint, value), value, strict=True)]
    if isinstance(value, Mapping):
        item_hint = get_args(hint)[1]
        return {_key(key): _encode(item_hint, item, where) for key, item in value.items()}
    return _plain(value, where)


def _encode_dataclass(hint: Any, value: Any, *, tagged: bool) -> dict[str, JSON]:
    tag: dict[str, JSON] = {TAG: hint.__name__} if tagged else {}
    return tag | {
        name: _encode(field_hint, getattr(value, name), f"{hint.__name__}.{name}")
        for name, field_hint in _hints(hint).items()
    }


def _encode_union(members: tuple[Any, ...], value: Any, where: str) -> JSON:
    for member in members:
        if member is not JSON and _is_a(member, value):
            if _is_record(member) and _is_tagged(members):
                return _encode_dataclass(member, value, tagged=True)
            return _encode(member, value, where)
    raise TypeError(f"{where} is declared {' | '.join(map(str, members))}, not {type(value)}")


def _plain(value: Any, where: str) -> JSON:
    if value is None or type(value) in (bool, int, str):
        return value  # type: ignore[no-any-return]  # narrowed by its exact type
    if type(value) is float and isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, where) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item, where) for item in value]
    raise TypeError(f"{where} holds {type(value)}, which JSON cannot")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is not a string, so it cannot be a key")
    return key.value if isinstance(key, Enum) else key


# ── JSON → value ──────────────────────────────────────────────────────────────────────────────


def _decode(hint: Any, data: Any, where: str) -> Any:
    if hint is JSON:
        return data
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _decode_union(get_args(hint), data, where)
    if _is_record(hint):
        return _decode_dataclass(hint, _expect(Mapping, data, where))
    if origin is tuple:
        items = _expect(list, data, where)
        hints = _item_hints(hint, items)
        if len(hints) != len(items):
            raise _unreadable(where, f"{len(hints)} items", items)
        return tuple(_decode(h, item, where) for h, item in zip(hints, items, strict=True))
    if origin is Mapping:
        key_hint, item_hint = get_args(hint)
        return MappingProxyType(
            {
                _decode(key_hint, key, where): _decode(item_hint, item, where)
                for key, item in _expect(Mapping, data, where).items()
            }
        )
    return _decode_scalar(hint, data, where)


def _decode_scalar(hint: Any, data: Any, where: str) -> Any:
    try:
        if issubclass(hint, Enum):
            return hint(data)
        if hint is datetime:
            moment = datetime.fromisoformat(_expect(str, data, where))
            if moment.tzinfo is None:
                raise _unreadable(where, "a time with a zone", data)
            return moment.astimezone(UTC)
        if hint is timedelta:
            return timedelta(seconds=_number(data, where))
        if hint is Path:
            return Path(_expect(str, data, where))
        if hint is float:
            return float(_number(data, where))
        return _expect(hint, data, where)
    except (ValueError, OverflowError):
        raise _unreadable(where, f"a {hint.__name__}", data) from None


def _decode_union(members: tuple[Any, ...], data: Any, where: str) -> Any:
    if isinstance(data, Mapping) and _is_tagged(members):
        for member in members:
            if _is_record(member) and _name(member) == data.get(TAG):
                return _decode_dataclass(member, data)
        known = ", ".join(_name(member) for member in members if _is_record(member))
        raise _unreadable(where, f"one of {known}", data.get(TAG))
    for member in members:
        if _json_type(member) is _json_type_of(data):
            return _decode(member, data, where)
    raise _unreadable(where, " | ".join(map(_name, members)), data)


def _decode_dataclass(hint: Any, data: Mapping[str, Any]) -> Any:
    hints = _hints(hint)
    given = dict(data)
    if not _has_own_tag(hint) and given.pop(TAG, hint.__name__) != hint.__name__:
        raise _unreadable("type", hint.__name__, data[TAG])
    if unknown := sorted(given.keys() - hints.keys()):
        raise _unreadable(hint.__name__, "known fields only", ", ".join(unknown))
    for name in _required(hint):
        if name not in given:
            raise _unreadable(hint.__name__, f"a field '{name}'", "one without it")
    return hint(
        **{
            name: _decode(hints[name], item, f"{hint.__name__}.{name}")
            for name, item in given.items()
        }
    )


def _expect(type_: Any, data: Any, where: str) -> Any:
    if not isinstance(data, type_) or (type_ is int and isinstance(data, bool)):
        raise _unreadable(where, f"a {_name(type_)}", data)
    return data


def _number(data: Any, where: str) -> int | float:
    if isinstance(data, bool) or not isinstance(data, int | float) or not isfinite(data):
        raise _unreadable(where, "a number", data)
    return data


def _unreadable(where: str, expected: str, data: object) -> Unavailable:
    # The data itself may be long, or hold what must not be shown, so only short words of ours
    # and the kind of what was found are named.
    found = data if isinstance(data, str) and len(data) < 60 else type(data).__name__
    return Unavailable(
        f"the recorded {where} is not readable: expected {expected}, found {found}",
        hint="it was written by another version of cicd, or the state directory is damaged",
    )


# ── What types say ────────────────────────────────────────────────────────────────────────────


@cache
def _is_record(type_: Any) -> bool:
    return is_dataclass(type_)


@cache
def _hints(cls: Any) -> dict[str, Any]:
    """
    Give the declared types of a dataclass's fields, as objects.

    ``typing.get_type_hints`` would follow the recursion of ``JSON`` into modules that do not
    import all of its parts, so each annotation is evaluated once, in its own module.
    """
    names = vars(sys.modules[cls.__module__])
    return {
        field.name: eval(field.type, names)  # noqa: S307  # the text of our own annotations
        if isinstance(field.type, str)
        else field.type
        for field in fields(cls)
    }


@cache
def _required(cls: Any) -> tuple[str, ...]:
    """Give the fields that have no default."""
    return tuple(f.name for f in fields(cls) if f.default is f.default_factory is MISSING)


def _is_a(hint: Any, value: Any) -> bool:
    origin = get_origin(hint) or hint
    if origin is NoneType or hint is None:
        return value is None
    if origin is float:
        return type(value) in (int, float)
    if origin is str or origin is int:
        return type(value) is origin  # neither enums nor booleans
    if origin is Mapping:
        return isinstance(value, Mapping)
    return isinstance(value, origin)


def _item_hints(hint: Any, items: Any) -> tuple[Any, ...]:
    arguments = get_args(hint)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return (arguments[0],) * len(items)
    return arguments


@cache
def _has_own_tag(cls: Any) -> bool:
    return any(field.name == TAG for field in fields(cls))


@cache
def _is_tagged(members: tuple[Any, ...]) -> bool:
    classes = [member for member in members if _is_record(member)]
    if len(classes) < 2:
        return False
    for cls in classes:
        if _has_own_tag(cls):
            raise TypeError(f"{_name(cls)} has a field 'type', so it cannot be one of several")
    return True


def _json_type(hint: Any) -> type:
    """Say what a value of this type looks like in JSON."""
    origin = get_origin(hint) or hint
    if origin in (NoneType, None):
        return NoneType
    if _is_record(origin) or origin is Mapping:
        return dict
    if origin is tuple:
        return list
    if origin in (int, float, timedelta):
        return float
    return bool if origin is bool else str


def _json_type_of(data: object) -> type:
    if isinstance(data, Mapping):
        return dict
    if isinstance(data, int | float) and not isinstance(data, bool):
        return float
    return type(data)


def _name(type_: Any) -> str:
    return getattr(type_, "__name__", str(type_))
