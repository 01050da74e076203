"""Values → JSON: a function for each type, made when the type is first written. See ``codec``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from math import isfinite
from pathlib import Path
from types import NoneType
from typing import Any, NoReturn, TypeAlias, get_args, get_origin

from cicd.engine.codec_types import TAG, hints, is_record, is_tagged, item_hints, members
from cicd.event import JSON

Writer: TypeAlias = Callable[[Any], JSON]


def write_record(cls: Any, value: Any, *, tagged: bool) -> dict[str, JSON]:
    """Give the fields of a dataclass, in order, and before them its name if it needs one."""
    written: dict[str, JSON] = {TAG: cls.__name__} if tagged else {}
    for name, write in _fields(cls):
        written[name] = write(getattr(value, name))
    return written


def as_key(key: object) -> str:
    """Give the key of a mapping as JSON has it."""
    if type(key) is str:
        return key
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is not a string, so it cannot be a key")
    return key.value if isinstance(key, Enum) else key


@cache
def _fields(cls: Any) -> tuple[tuple[str, Writer], ...]:
    return tuple(
        (name, writer(hint, f"{cls.__name__}.{name}")) for name, hint in hints(cls).items()
    )


@cache
def writer(hint: Any, where: str) -> Writer:
    """Make what writes values of a type; ``where`` is for the words of its ``TypeError``."""
    if hint is JSON:
        return lambda value: _plain(value, where)
    if union := members(hint):
        return _union(hint, union, where)
    if hint is str or hint is int:
        return lambda value: value if type(value) is hint else _refuse(hint, value, where)
    accepts, write = _accepts(hint), _writes(hint, where)

    def checked(value: Any) -> JSON:
        if not accepts(value):
            _refuse(hint, value, where)
        return write(value)

    return checked


def _union(hint: Any, union: tuple[Any, ...], where: str) -> Writer:
    tagged = is_tagged(union)
    ways = tuple(
        (_accepts(member), _tagged(member) if tagged and is_record(member) else write)
        for member in union
        if member is not JSON
        for write in (_writes(member, where),)
    )

    def written(value: Any) -> JSON:
        for accepts, write in ways:
            if accepts(value):
                return write(value)
        _refuse(hint, value, where)

    return written


def _refuse(hint: Any, value: Any, where: str) -> NoReturn:
    declared = " | ".join(map(str, members(hint))) or hint
    raise TypeError(f"{where} is declared {declared}, not {type(value)}")


def _tagged(cls: Any) -> Writer:
    return lambda value: write_record(cls, value, tagged=True)


def _accepts(hint: Any) -> Callable[[Any], bool]:
    """Make what tells whether a value is of a type."""
    origin = get_origin(hint) or hint
    if origin is NoneType or hint is None:
        return lambda value: value is None
    if origin is float:
        return lambda value: type(value) in (int, float)
    if origin is str or origin is int:
        return lambda value: type(value) is origin  # neither enums nor booleans
    return lambda value: isinstance(value, origin)


def _writes(hint: Any, where: str) -> Writer:
    """Make what writes a value that is known to be of a type."""
    origin = get_origin(hint) or hint
    if is_record(origin):
        return lambda value: write_record(origin, value, tagged=False)
    if origin is tuple:
        return _items(hint, where)
    if origin is Mapping:
        write = writer(get_args(hint)[1], where)
        return lambda value: {as_key(k): write(v) for k, v in value.items()} if value else {}
    if origin is datetime:
        return lambda value: _moment(value, where)
    if origin is timedelta:
        return _seconds
    if isinstance(origin, type) and issubclass(origin, Path):
        return str
    if isinstance(origin, type) and issubclass(origin, Enum):
        return lambda value: _plain(value.value, where)
    if origin is str or origin is bool or origin is int or origin is NoneType:
        return lambda value: value  # as its check said
    return lambda value: _plain(value, where)


def _items(hint: Any, where: str) -> Writer:
    held, any_number = item_hints(hint)
    if any_number:
        write = writer(held, where)
        return lambda value: [write(item) for item in value]
    writers = tuple(writer(each, where) for each in held)
    return lambda value: [one(item) for one, item in zip(writers, value, strict=True)]


def _moment(value: datetime, where: str) -> str:
    if value.tzinfo is None:
        raise TypeError(f"{where} is a time without a zone")
    text = value.astimezone(UTC).isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z"


def _seconds(value: timedelta) -> JSON:
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _plain(value: Any, where: str) -> JSON:
    kind = type(value)
    exact = kind is str or kind is int or kind is bool or (kind is float and isfinite(value))
    if value is None or exact:
        plain: JSON = value
        return plain
    if kind is dict or isinstance(value, Mapping):
        return {as_key(key): _plain(item, where) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item, where) for item in value]
    raise TypeError(f"{where} holds {type(value)}, which JSON cannot")
