"""What the types of dataclass fields say of their JSON; see ``codec``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

TAG = "type"


@cache
def is_record(type_: Any) -> bool:
    """Tell whether a type is a dataclass."""
    return is_dataclass(type_)


@cache
def hints(cls: Any) -> dict[str, Any]:
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
def required(cls: Any) -> tuple[str, ...]:
    """Give the fields that have no default."""
    return tuple(f.name for f in fields(cls) if f.default is f.default_factory is MISSING)


def members(hint: Any) -> tuple[Any, ...]:
    """Give the types that a union is of; none for anything else."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else ()


def item_hints(hint: Any) -> tuple[Any, bool]:
    """Give what a tuple holds: one type and True for any number of it, or one type an item."""
    arguments = get_args(hint)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return arguments[0], True
    return arguments, False


@cache
def has_own_tag(cls: Any) -> bool:
    """Tell whether a dataclass has a field by the name of the tag."""
    return any(field.name == TAG for field in fields(cls))


@cache
def is_tagged(union: tuple[Any, ...]) -> bool:
    """Tell whether members of a union are told apart by their names."""
    classes = [member for member in union if is_record(member)]
    if len(classes) < 2:
        return False
    for cls in classes:
        if has_own_tag(cls):
            raise TypeError(f"{name(cls)} has a field 'type', so it cannot be one of several")
    return True


def json_type(hint: Any) -> type:
    """Say what a value of this type looks like in JSON."""
    origin = get_origin(hint) or hint
    if origin in (NoneType, None):
        return NoneType
    if is_record(origin) or origin is Mapping:
        return dict
    if origin is tuple:
        return list
    if origin in (int, float, timedelta):
        return float
    return bool if origin is bool else str


def name(type_: Any) -> str:
    """Give a type's name for a message."""
    return getattr(type_, "__name__", str(type_))
