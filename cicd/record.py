"""
``dataclass`` for values: what ``dataclasses`` gives, but cheap to define.

The standard library writes and compiles six functions for every frozen class, which takes about a
millisecond; two hundred classes were most of what ``cicd build`` did before its first command.
Here all classes share one set of methods, which look the fields up; a class whose values are made
again and again gets an ``__init__`` of its own after all.

Type checkers see the standard decorator. ``fields``, ``replace``, ``asdict`` and ``is_dataclass``
of ``dataclasses`` work as ever; whatever is not a frozen keyword-only class with slots is left to
the standard library. See docs/decisions/0006.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, Field, FrozenInstanceError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
else:

    def dataclass(**wanted: bool) -> Callable[[type], type]:
        """Give a class decorator, as ``dataclasses.dataclass`` does."""
        return _value if wanted == VALUE else dataclasses.dataclass(**wanted)


__all__ = ["dataclass"]

VALUE = {"frozen": True, "slots": True, "kw_only": True}
OFTEN = 100  # values of one class, from which on writing its own __init__ pays


def _value(cls: Any) -> Any:
    """Make the class once more, with slots, in an eighth of the time of the standard library."""
    fields = {
        name: each
        for base in reversed(cls.__mro__[1:-1])
        for name, each in vars(base).get("__dataclass_fields__", {}).items()
    }
    fields |= {name: _field(cls, name, hint) for name, hint in cls.__annotations__.items()}
    taken = {slot for base in cls.__mro__[1:-1] for slot in vars(base).get("__slots__", ())}
    own = {name: each for name, each in vars(cls).items() if name not in fields}
    for name in ("__dict__", "__weakref__"):
        own.pop(name, None)
    names = {
        **_SHARED,
        **own,
        "__slots__": tuple(name for name in fields if name not in taken),
        "__match_args__": (),
        "__dataclass_fields__": fields,
        "__dataclass_params__": _PARAMETERS,
        "__cicd_init__": tuple(
            (f.name, f.default, f.default_factory) for f in fields.values() if f.init
        ),
        "__cicd_compared__": tuple(f.name for f in fields.values() if f.compare),
    }
    made = type(cls)(cls.__name__, cls.__bases__, names)
    made.__qualname__ = cls.__qualname__
    return made


def _field(cls: Any, name: str, hint: Any) -> Any:
    default = vars(cls).get(name, MISSING)
    found: Any = default if isinstance(default, Field) else dataclasses.field(default=default)
    found.name, found.type, found.kw_only = name, hint, True
    found._field_type = _FIELD  # noqa: SLF001  # else "fields" of the library passes it over
    return found


def _init(self: Any, /, **given: Any) -> None:
    cls = type(self)
    made = _made[cls] = _made.get(cls, 0) + 1
    if made == OFTEN:
        cls.__init__ = _written_init(cls)
    put = object.__setattr__
    for name, default, factory in self.__cicd_init__:
        if name in given:
            put(self, name, given.pop(name))
        elif default is not MISSING:
            put(self, name, default)
        elif factory is not MISSING:
            put(self, name, factory())
        else:
            raise TypeError(f"{type(self).__name__} needs '{name}'")
    if given:
        raise TypeError(f"{type(self).__name__} has no '{next(iter(given))}'")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


_made: dict[type, int] = {}  # how many values there were of each class


def _written_init(cls: Any) -> Callable[..., None]:
    """Compile what ``_init`` does for one class."""
    names: dict[str, Any] = {"_MISSING": MISSING}
    asked, lines = [], []
    for name, default, factory in cls.__cicd_init__:
        names[f"_put_{name}"] = getattr(cls, name).__set__
        value = name
        if default is not MISSING:
            names[f"_of_{name}"] = default
            asked.append(f"{name}=_of_{name}")
        elif factory is not MISSING:
            names[f"_of_{name}"] = factory
            asked.append(f"{name}=_MISSING")
            value = f"_of_{name}() if {name} is _MISSING else {name}"
        else:
            asked.append(name)
        lines.append(f" _put_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    head = f"def __init__(self, /, *, {', '.join(asked)}):" if asked else "def __init__(self, /):"
    text = "\n".join((head, *(lines or [" pass"])))
    exec(text, names)  # noqa: S102  # the names of our own fields
    written: Callable[..., None] = names["__init__"]
    return written


def _shown(self: Any) -> str:
    shown = (f.name for f in dataclasses.fields(self) if f.repr)
    words = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({words})"


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__cicd_compared__])


def _equal(self: Any, other: object) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _refuse(self: Any, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot change '{name}' of a {type(self).__name__}")


def _state(self: Any) -> dict[str, Any]:
    return {name: getattr(self, name) for name in self.__slots__}


def _restore(self: Any, state: dict[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)


_SHARED = {
    "__init__": _init,
    "__repr__": _shown,
    "__eq__": _equal,
    "__hash__": _hash,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _state,
    "__setstate__": _restore,
}


@dataclasses.dataclass(init=False, repr=False, eq=False)
class _Standard:
    """What the standard library makes, to take from it what its functions look for."""

    field: int


_PARAMETERS: Any = vars(_Standard)["__dataclass_params__"]
# Private, and the only mark by which the library's functions tell a field from a class variable.
_FIELD: Any = vars(_Standard)["__dataclass_fields__"]["field"]._field_type  # noqa: SLF001  # see above
