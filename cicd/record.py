"""
``dataclass`` for values: what ``dataclasses`` gives, but cheap to define.

The standard library writes and compiles six functions for every frozen class, which takes about a
millisecond; two hundred classes were most of what ``cicd build`` did before its first command.
Here all classes share one set of methods, which look the fields up.

Type checkers see the standard decorator. ``fields``, ``replace``, ``asdict`` and ``is_dataclass``
of ``dataclasses`` work as ever; whatever is not a frozen keyword-only class with slots is left to
the standard library. See docs/decisions/0006.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError
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
_plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)


def _value(cls: Any) -> Any:
    own = vars(cls)
    made = _plain(cls)
    for name, method in _SHARED.items():
        if name not in own:
            setattr(made, name, method)
    fields = dataclasses.fields(made)
    made.__cicd_init__ = tuple((f.name, f.default, f.default_factory) for f in fields if f.init)
    made.__cicd_compared__ = tuple(f.name for f in fields if f.compare)
    return made


def _init(self: Any, /, **given: Any) -> None:
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
