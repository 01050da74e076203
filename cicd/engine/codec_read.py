"""JSON → values: a function for each type, made when the type is first read. See ``codec``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, get_args, get_origin

from cicd.engine.codec_types import (
    TAG,
    has_own_tag,
    hints,
    is_record,
    is_tagged,
    item_hints,
    json_type,
    members,
    name,
    required,
)
from cicd.errors import Unavailable
from cicd.event import JSON

Reader: TypeAlias = Callable[[Any], Any]


@cache
def reader(hint: Any, where: str) -> Reader:
    """Make what reads values of a type; ``where`` is for the words of its ``Unavailable``."""
    if hint is JSON:
        return lambda data: data
    if union := members(hint):
        return _union(union, where)
    if is_record(hint):
        return lambda data: _record(hint, _expect(Mapping, data, where))
    origin = get_origin(hint)
    if origin is tuple:
        return _items(hint, where)
    if origin is Mapping:
        key_hint, item_hint = get_args(hint)
        read_key, read = reader(key_hint, where), reader(item_hint, where)
        return lambda data: MappingProxyType(
            {read_key(key): read(item) for key, item in _expect(Mapping, data, where).items()}
        )
    return _scalar(hint, where)


# ── Dataclasses ───────────────────────────────────────────────────────────────────────────────


@cache
def _fields(cls: Any) -> dict[str, Reader]:
    return {each: reader(hint, f"{cls.__name__}.{each}") for each, hint in hints(cls).items()}


def _record(cls: Any, data: Mapping[str, Any]) -> Any:
    readers, given = _fields(cls), {}
    for key, item in data.items():
        read = readers.get(key)
        if read is None:
            if key != TAG or item != cls.__name__:
                _refuse_field(cls, data, readers)
            continue
        given[key] = read(item)
    for each in required(cls) if len(given) < len(readers) else ():
        if each not in given:
            raise _unreadable(cls.__name__, f"a field '{each}'", "one without it")
    return cls(**given)


def _refuse_field(cls: Any, data: Mapping[str, Any], known: Mapping[str, Reader]) -> None:
    if not has_own_tag(cls) and data.get(TAG, cls.__name__) != cls.__name__:
        raise _unreadable("type", cls.__name__, data[TAG])
    unknown = sorted(data.keys() - known.keys() - {TAG})
    raise _unreadable(cls.__name__, "known fields only", ", ".join(unknown))


def _union(union: tuple[Any, ...], where: str) -> Reader:
    tagged = is_tagged(union)
    classes = {name(member): member for member in union if is_record(member)}
    by_look: dict[type, Reader] = {}
    for member in union:
        by_look.setdefault(json_type(member), reader(member, where))

    def read(data: Any) -> Any:
        look = _look(data)
        if tagged and look is dict:
            found = classes.get(str(data.get(TAG)))
            if found is None:
                raise _unreadable(where, f"one of {', '.join(classes)}", data.get(TAG))
            return _record(found, data)
        way = by_look.get(look)
        if way is None:
            raise _unreadable(where, " | ".join(map(name, union)), data)
        return way(data)

    return read


def _look(data: object) -> type:
    kind = type(data)
    if kind is str or kind is bool or kind is dict:
        return kind
    if isinstance(data, Mapping):
        return dict
    return float if isinstance(data, int | float) else kind


# ── What stands alone ─────────────────────────────────────────────────────────────────────────


def _items(hint: Any, where: str) -> Reader:
    held, any_number = item_hints(hint)
    if any_number:
        read = reader(held, where)
        return lambda data: tuple([read(item) for item in _expect(list, data, where)])
    readers = tuple(reader(each, where) for each in held)

    def each_its_own(data: Any) -> Any:
        items = _expect(list, data, where)
        if len(readers) != len(items):
            raise _unreadable(where, f"{len(readers)} items", items)
        return tuple(read(item) for read, item in zip(readers, items, strict=True))

    return each_its_own


def _scalar(hint: Any, where: str) -> Reader:
    if hint is str:
        return lambda data: data if type(data) is str else _expect(str, data, where)
    make = _MAKERS.get(hint)
    if make is None and issubclass(hint, Enum):
        make = _member(hint)
    if make is None:
        return lambda data: _expect(hint, data, where)

    def read(data: Any) -> Any:
        try:
            return make(data, where)
        except (ValueError, OverflowError):
            raise _unreadable(where, f"a {hint.__name__}", data) from None

    return read


def _member(hint: Any) -> Callable[[Any, str], Any]:
    return lambda data, _: hint(data)


def _moment(data: Any, where: str) -> datetime:
    moment = datetime.fromisoformat(_expect(str, data, where))
    if moment.tzinfo is None:
        raise _unreadable(where, "a time with a zone", data)
    return moment.astimezone(UTC)


_MAKERS: dict[Any, Callable[[Any, str], Any]] = {
    datetime: _moment,
    timedelta: lambda data, where: timedelta(seconds=_number(data, where)),
    Path: lambda data, where: Path(_expect(str, data, where)),
    float: lambda data, where: float(_number(data, where)),
}


def _expect(type_: Any, data: Any, where: str) -> Any:
    kind = type(data)
    if kind is type_ or (kind is dict and type_ is Mapping):  # as it nearly always is
        return data
    if not isinstance(data, type_) or (type_ is int and isinstance(data, bool)):
        raise _unreadable(where, f"a {name(type_)}", data)
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
