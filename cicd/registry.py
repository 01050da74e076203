"""Names that lead to code, loaded when first asked for."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from cicd.errors import Unavailable, UsageError
from cicd.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")


class BrokenPackage(Unavailable):
    """
    What an installed package brings cannot be loaded, or has broken.

    The words of what it raised are left out, as they may hold a secret.
    """

    def __init__(self, distribution: str, name: str, crash: BaseException) -> None:
        """Say whose fault it is, and where it broke."""
        super().__init__(
            f"the package {distribution}, which brings {name}, {_how(crash)}",
            hint="this is a fault of the package, and not of what was asked: tell its authors",
        )


class Registry(Generic[T]):
    """
    A table of ``name → "module:attribute"``, with installed entry points behind it.

    Entry points are looked at only for a name that is not in the table,
    since ``importlib.metadata`` costs as much start-up as ``click``.
    A plugin cannot replace a built-in.
    """

    def __init__(self, group: str, table: Mapping[str, str]) -> None:
        """Name the entry-point group and the built-ins; nothing is imported yet."""
        self.group = group
        self._table = dict(table)
        self._loaded: dict[str, T] = {}

    def __iter__(self) -> Iterator[str]:
        """Give the built-in names, in the order of the table."""
        return iter(self._table)

    def __contains__(self, name: str) -> bool:
        """Tell whether ``name`` is built in or installed."""
        return name in self._table or name in self._plugins()

    def get(self, name: str) -> T:
        """
        Load the attribute behind ``name``.

        Raises:
            UsageError: Nothing has that name.
            BrokenPackage: A package brings it that cannot be loaded.

        """
        if name not in self._loaded:
            if name in self._table:
                found = _attribute(self._table[name])
            else:
                found = _loaded(name, *self._plugin(name))
            self._loaded[name] = cast("T", found)
        return self._loaded[name]

    def installed(self) -> dict[str, str]:
        """Give the names that installed packages bring, each with its distribution."""
        return {
            name: found[0][0] for name, found in self._plugins().items() if name not in self._table
        }

    def _plugin(self, name: str) -> tuple[str, str]:
        found = self._plugins().get(name, ())
        if len(found) > 1:
            both = " and ".join(distribution for distribution, _ in found)
            raise UsageError(
                f"'{name}' is provided twice in {self.group}: by {both}",
                hint="uninstall one of the two",
            )
        if not found:
            known = sorted({*self._table, *self._plugins()})
            near = closest(name, known)
            meant = f"did you mean '{near}'? " if near else ""
            raise UsageError(
                f"'{name}' is not known among the {_plural(self.group)}",
                hint=f"{meant}known names: {', '.join(known)}",
            )
        return found[0]

    def _plugins(self) -> Mapping[str, list[tuple[str, str]]]:
        return _installed(self.group, tuple(sys.path))


def _attribute(target: str) -> object:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _loaded(name: str, distribution: str, target: str) -> object:
    """Load what a package brings; whatever its module does when it is imported, we go on."""
    try:
        return _attribute(target)
    except (Exception, SystemExit) as crash:
        raise BrokenPackage(distribution, name, crash) from crash


def _how(crash: BaseException) -> str:
    if isinstance(crash, ImportError) and crash.name:
        return f"cannot be loaded: '{crash.name}' cannot be imported"
    import traceback

    last = traceback.extract_tb(crash.__traceback__)[-1]
    place = last.filename.rpartition("/")[2]
    return f"broke: {type(crash).__name__} at {place}:{last.lineno}"


@cache
def _installed(group: str, _: tuple[str, ...]) -> Mapping[str, list[tuple[str, str]]]:
    """Give what the packages on a search path bring, by name; reading it all takes 15 ms."""
    from importlib.metadata import entry_points

    found: dict[str, list[tuple[str, str]]] = {}
    for point in entry_points(group=group):
        distribution = point.dist.name if point.dist else "an unnamed distribution"
        found.setdefault(point.name, []).append((distribution, point.value))
    return found


def _plural(group: str) -> str:
    """Give "report formats" for "cicd.report_formats"."""
    return group.rpartition(".")[2].replace("_", " ")
