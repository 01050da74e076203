"""Containers that wait for others of their task: until those run, are well, or have ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

from cicd.errors import Unavailable
from cicd.ports import DependencyCondition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.event import JSON
    from cicd.ports import ContainerDependency, ContainerOrder

_PAUSE: Final = 0.05


def wait_for(
    waiting: ContainerOrder,
    dependency: ContainerDependency,
    other: ContainerOrder,
    look: Callable[[], Mapping[str, JSON]],
    end_of: Callable[[], str],
) -> None:
    """
    Wait until another container has come so far, as long as its ``startTimeout`` says.

    ``look`` gives its state at the engine, ``end_of`` how it ended and what it said last.

    Raises:
        Unavailable: It cannot come so far any more, or it takes too long.

    Source: ECS API Reference, "ContainerDependency" and "ContainerDefinition" (startTimeout).
    """
    condition = dependency.condition
    until = time.monotonic() + other.start_timeout.total_seconds()
    while True:
        state = look()
        met = _is_met(condition, state)
        if met:
            return
        if met is None:
            raise Unavailable(
                f"container '{waiting.name}' waits for {condition} of '{other.name}': {end_of()}",
                hint="look at its command, and at the condition in 'dependsOn'",
            )
        if time.monotonic() >= until:
            seconds = f"{other.start_timeout.total_seconds():g}"
            raise Unavailable(
                f"container '{waiting.name}' waits for {condition} of '{other.name}', which does "
                f"not come within {seconds} s",
                hint=f"'startTimeout' of '{other.name}' says how long others wait for it",
            )
        time.sleep(_PAUSE)


def _is_met(condition: DependencyCondition, state: Mapping[str, JSON]) -> bool | None:
    """Tell whether a state is as it is waited for; None: it never will be."""
    over = state.get("Status") in ("exited", "dead") and not state.get("Restarting")
    succeeded = over and state.get("ExitCode") == 0
    match condition:
        case DependencyCondition.START:
            return True  # it was started before this was asked
        case DependencyCondition.COMPLETE:
            return over
        case DependencyCondition.SUCCESS:
            return succeeded if succeeded or not over else None
        case DependencyCondition.HEALTHY:
            health = cast("Mapping[str, JSON]", state.get("Health") or {}).get("Status")
            if over or health == "unhealthy":
                return None
            return health == "healthy"
