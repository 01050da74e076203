"""A task definition: the values of the JSON that RegisterTaskDefinition takes."""

from __future__ import annotations

from cicd.ports import ContainerOrder
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContainer:
    """An element of ``containerDefinitions``."""

    order: ContainerOrder
    secrets: tuple[tuple[str, str], ...] = ()  # variable, ``valueFrom``: never its value
    depends_on: tuple[str, ...] = ()  # containers that are made before it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """A family, and the containers of each task."""

    family: str
    containers: tuple[TaskContainer, ...]
    name: str  # how people know it: a file

    def container(self, name: str) -> TaskContainer | None:
        """Give a container by its name."""
        return next((each for each in self.containers if each.order.name == name), None)

    def in_order(self, first: str) -> tuple[TaskContainer, ...]:
        """Give the containers, each behind those it depends on; else ``first`` comes first."""
        left = sorted(self.containers, key=lambda each: each.order.name != first)
        placed: list[TaskContainer] = []
        while left:
            names = {each.order.name for each in left}
            ready = [each for each in left if not names & set(each.depends_on)] or left[:1]
            placed.append(ready[0])
            left.remove(ready[0])
        return tuple(placed)
