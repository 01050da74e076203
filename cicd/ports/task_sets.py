"""The seam to what runs the tasks of services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cicd.ports.traffic import Endpoint
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.ports.task_order import TaskSetOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """How one task is."""

    number: int
    endpoint: Endpoint | None  # where it is reached from this machine; None: nowhere
    running: bool  # all of its essential containers
    healthy: bool  # as far as its containers' own checks tell
    restarts: int = 0  # of the essential container that was restarted most
    said: str = ""  # why it does not run, and the end of what it printed
    ended: str = ""  # how an essential container ended that runs again; "": none did
    out_of_memory: bool = False  # something in an essential container was killed for it


class TaskSets(Protocol):
    """Makes and removes tasks. Everything may be repeated; raises ``Unavailable``."""

    def create(
        self, order: TaskSetOrder, *, secrets: Mapping[tuple[str, str], str]
    ) -> tuple[TaskState, ...]:
        """
        Make a task set and start it; one that is there is completed.

        ``secrets`` are more variables, by container and name, that nothing may show.
        Containers are started in order, each when those it waits for have come so far.
        What is essential and ends is started again. When it cannot be made, nothing is left of it.
        """

    def look(self, service: str, task_set: str) -> tuple[TaskState, ...]:
        """Give the tasks of a set, by number; () when there is none."""

    def services(self) -> tuple[str, ...]:
        """Give the services that have task sets, by name."""

    def known(self, service: str) -> tuple[str, ...]:
        """Give the ids of a service's task sets."""

    def remove(self, service: str, task_set: str) -> None:
        """End a task set; fine when it has gone."""


class HookFunctions(Protocol):
    """The functions that lifecycle events of ECS and Lambda call."""

    def has(self, name: str) -> bool:
        """Tell whether there is a function of that name, or ARN."""

    def call(self, name: str, payload: Mapping[str, str]) -> None:
        """
        Call one and do not wait for it; raises ``Unavailable`` when it cannot be called.

        It reports by ``PutLifecycleEventHookExecutionStatus``; what it returns means nothing.
        """
