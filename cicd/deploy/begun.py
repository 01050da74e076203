"""The lifecycle events that have begun, by key: a mapping that is cheap to extend. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cicd.deploy.state import EventState

_NONE: Final[Mapping[str, EventState]] = {}


class Begun(Mapping[str, "EventState"]):
    """
    What has begun, kept by target.

    A thousand targets have seven thousand events; a copy of all of them for each event that is
    folded would be most of a deployment. Here only the target's own are copied.
    """

    __slots__ = ("_count", "_running", "_targets")

    def __init__(self) -> None:
        """Nothing has."""
        self._targets: dict[str, Mapping[str, EventState]] = {}
        self._running: dict[str, EventState] = {}
        self._count = 0

    def __getitem__(self, key: str) -> EventState:
        """Give how one event stands; raises KeyError for one that has not begun."""
        return self._targets[key.rpartition("/")[0]][key]

    def __iter__(self) -> Iterator[str]:
        """Give the keys, target by target, each target's in order."""
        for of_target in self._targets.values():
            yield from of_target

    def __len__(self) -> int:
        """Count the events."""
        return self._count

    @property
    def running(self) -> Mapping[str, EventState]:
        """Those that are not over, in the order in which they began."""
        return self._running

    def of(self, target: str) -> Mapping[str, EventState]:
        """Give one target's, in order."""
        return self._targets.get(target, _NONE)

    def with_event(self, key: str, entry: EventState) -> Begun:
        """Give the same with one event begun, or over."""
        target = key.rpartition("/")[0]
        known = self._targets.get(target, _NONE)
        made = Begun()
        made._targets = {**self._targets, target: {**known, key: entry}}
        made._count = self._count + (key not in known)
        made._running = {k: each for k, each in self._running.items() if k != key}
        if entry.outcome is None:
            made._running[key] = entry
        return made
