"""
Why an execution took as long as it did: who was waited for, and who could have taken longer. Pure.

Stages and groups of actions wait for all of the group before, so in each group the action that
ended last is the one that was waited for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.pipeline.drawing.artifact_edges import handed_on
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cicd.pipeline.drawing.seen import Seen
    from cicd.pipeline.spec import PipelineDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action in the time of its execution; all in seconds."""

    key: str
    provider: str
    start: float  # since the first action began
    seconds: float
    slack: float  # so much longer it could have taken, and nothing would have ended later
    waited: float  # between what it had to wait for and its own beginning

    @property
    def critical(self) -> bool:
        """Tell whether it was waited for."""
        return self.slack <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WhySlow:
    """The steps in the order in which they began, and what they come to; all in seconds."""

    steps: tuple[Step, ...]
    total: float  # from the first beginning to the last end
    by_artifacts: float  # if each action had begun as soon as its artifacts were there
    overhead: float  # of the total, when nothing ran that was waited for


def why_slow(spec: PipelineDeclaration, seen: Mapping[str, Seen]) -> WhySlow:
    """Find what an execution waited for; actions that did not run are not in it."""
    began = min((each.started for each in seen.values()), default=None)
    if began is None:
        return WhySlow(steps=(), total=0.0, by_artifacts=0.0, overhead=0.0)
    steps: list[Step] = []
    busy = 0.0
    before = began
    for stage in spec.stages:
        for order in sorted({action.run_order for action in stage.actions}):
            group = [
                (f"{stage.name}/{action.name}", action.type_id.provider)
                for action in stage.actions
                if action.run_order == order and f"{stage.name}/{action.name}" in seen
            ]
            if not group:
                continue
            last = max(_end(seen[key]) for key, _ in group)
            steps += [
                Step(
                    key=key,
                    provider=provider,
                    start=(seen[key].started - began).total_seconds(),
                    seconds=seen[key].seconds,
                    slack=(last - _end(seen[key])).total_seconds(),
                    waited=max(0.0, (seen[key].started - before).total_seconds()),
                )
                for key, provider in group
            ]
            # Several may have ended at once, and were all waited for, side by side.
            busy += max(seen[key].seconds for key, _ in group if _end(seen[key]) == last)
            before = last
    return WhySlow(
        steps=tuple(sorted(steps, key=lambda step: step.start)),
        total=(before - began).total_seconds(),
        by_artifacts=_by_artifacts(spec, seen),
        overhead=(before - began).total_seconds() - busy,
    )


def _by_artifacts(spec: PipelineDeclaration, seen: Mapping[str, Seen]) -> float:
    """Add up the longest way along artifacts; an action that takes none begins at once."""
    needs: dict[str, list[str]] = {}
    for (maker, taker), _ in handed_on(spec):
        needs.setdefault(taker, []).append(maker)
    ends: dict[str, float] = {}
    for stage in spec.stages:
        for action in sorted(stage.actions, key=lambda each: each.run_order):
            key = f"{stage.name}/{action.name}"
            if key in seen:
                begin = max((ends.get(maker, 0.0) for maker in needs.get(key, ())), default=0.0)
                ends[key] = begin + seen[key].seconds
    return max(ends.values(), default=0.0)


def _end(seen: Seen) -> datetime:
    return seen.started + timedelta(seconds=seen.seconds)
