"""A build's stream, folded: its plan, what is known of it, and its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.plan import BuildPlan
from cicd.build.process import BuildProcess
from cicd.engine.codec import decode
from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.build.state import BuildState
    from cicd.event import Event
    from cicd.ports import Services


def fold_build(stream: str, services: Services) -> tuple[BuildPlan, BuildState, tuple[Event, ...]]:
    """Read a build; raises ``UsageError`` for one that is not there."""
    events = tuple(event for _, event in services.log.read(stream))
    if not events:
        raise UsageError(
            f"there is no build '{stream.partition('/')[2]}'", hint="see cicd builds list"
        )
    plan = decode(BuildPlan, events[0].data["plan"])
    process = BuildProcess(plan)
    state = process.initial()
    for event in events:
        state = process.apply(state, event)
    return plan, state, events
