"""Streams of builds and of batches, folded: the plan, what is known, and the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cicd.build.plan import BuildPlan
from cicd.build.process import BuildProcess
from cicd.engine.codec import decode
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.build.state import BuildState
    from cicd.engine.process import Process
    from cicd.event import Event
    from cicd.ports import Services

P = TypeVar("P")
S = TypeVar("S")


def fold_build(stream: str, services: Services) -> tuple[BuildPlan, BuildState, tuple[Event, ...]]:
    """Read a build; raises ``UsageError`` for one that is not there."""
    return fold_stream(
        stream, services, plan=BuildPlan, process=BuildProcess, noun="build", group="builds"
    )


def fold_stream(
    stream: str,
    services: Services,
    *,
    plan: type[P],
    process: Callable[[P], Process[S]],
    noun: str,
    group: str,
) -> tuple[P, S, tuple[Event, ...]]:
    """
    Read an execution whose first event holds its plan.

    Args:
        stream: Where it is written.
        services: The outside.
        plan: What the plan is decoded as.
        process: The rules that such a plan is folded by.
        noun: What people call it, for one that is not there, which raises ``UsageError``.
        group: The commands that list such executions.
    """
    events = tuple(event for _, event in services.log.read(stream))
    if not events:
        raise UsageError(
            f"there is no {noun} '{stream.partition('/')[2]}'", hint=f"see cicd {group} list"
        )
    planned = decode(plan, events[0].data["plan"])
    rules = process(planned)
    state = rules.initial()
    for event in events:
        state = rules.apply(state, event)
    return planned, state, events
