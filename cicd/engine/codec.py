"""
Frozen dataclasses ↔ JSON, strict in both directions.

This is how plans, commands and outcomes are written into events and read out of them again.
What a field may be: ``None bool int float str``, ``JSON``, enums, ``datetime`` (aware; RFC 3339
in UTC with microseconds), ``timedelta`` (seconds), ``Path``, dataclasses, ``tuple[X, ...]``,
``tuple[X, Y]``, ``Mapping[str, X]`` and unions of these that JSON can tell apart.
Members of a union of dataclasses carry their class's name: ``{"type": "RunCommand", …}``;
so does a dataclass that is encoded on its own.

Executions write and read thousands of these, so what a type asks for is found out once:
``codec_write`` and ``codec_read`` make a function of each type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from cicd.engine.codec_read import reader
from cicd.engine.codec_types import has_own_tag, is_record, members
from cicd.engine.codec_write import as_key, write_record, writer

if TYPE_CHECKING:
    from types import UnionType

    from cicd.event import JSON

T = TypeVar("T")


def encode(value: object) -> JSON:
    """
    Give the JSON of a value of the kinds above.

    Raises ``TypeError`` for anything else, and for a field that does not hold what it declares:
    both are mistakes of the program, never of its input.
    """
    cls: Any = type(value)
    if is_record(cls):
        return write_record(cls, value, tagged=not has_own_tag(cls))
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {as_key(key): encode(item) for key, item in value.items()}
    return writer(cls, "the value")(value)


class Kept(dict[str, "JSON"]):
    """What a frozen dataclass was written as, with the dataclass itself."""

    __slots__ = ("value",)

    value: object


def encode_and_keep(value: object) -> JSON:
    """
    Give the JSON of a frozen dataclass, from which ``decode`` gives the same object again.

    For what is folded by the process that writes it: nothing need be made of it once more. Who
    reads the JSON out of a log makes an equal one.
    """
    written = encode(value)
    assert isinstance(written, dict), "a dataclass is written as an object"
    kept = Kept(written)
    kept.value = value
    return kept


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
    if type(data) is Kept:
        kind = type(data.value)
        if kind is type_ or kind in members(type_):
            return data.value
    return reader(type_, getattr(type_, "__name__", "data"))(data)
