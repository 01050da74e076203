"""What is known of each action, by "Stage/Action": a mapping that is cheap to add to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

V = TypeVar("V")


class ByStage(Mapping[str, V]):
    """
    A mapping that never changes; what is put into it is in another one.

    Only the stage that something is put into is copied: an execution may have thousands of
    actions, and each adds to what is known twice.
    """

    __slots__ = ("_stages",)

    def __init__(self, stages: Mapping[str, Mapping[str, V]] | None = None) -> None:
        """Take what is known, by stage and then by action."""
        self._stages = stages or {}

    def put(self, key: str, value: V) -> ByStage[V]:
        """Give what is known with ``key`` as well."""
        stage, _, name = key.partition("/")
        inside = {**self._stages.get(stage, {}), name: value}
        return ByStage({**self._stages, stage: inside})

    def of(self, stage: str) -> Mapping[str, V]:
        """Give what is known of one stage, by the names of its actions."""
        return self._stages.get(stage, {})

    def without(self, keys: Collection[str]) -> ByStage[V]:
        """Give what is known of all but ``keys``."""
        known: ByStage[V] = ByStage()
        for key, value in self.items():
            if key not in keys:
                known = known.put(key, value)
        return known

    def __getitem__(self, key: str) -> V:
        stage, _, name = key.partition("/")
        return self._stages[stage][name]

    def __iter__(self) -> Iterator[str]:
        for stage, inside in self._stages.items():
            for name in inside:
                yield f"{stage}/{name}"

    def __len__(self) -> int:
        return sum(map(len, self._stages.values()))
