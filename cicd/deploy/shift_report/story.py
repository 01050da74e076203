"""The story of one shift: its steps, what was said, and what both versions answered. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cicd.deploy.analysis.figures import Figures, figures
from cicd.ports import Answered
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """The new version was given so many per cent."""

    at: datetime
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened meanwhile."""

    at: datetime
    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One shift. Times are the machine's, whatever the deployment's clock was."""

    deployment_id: str
    title: str  # what was deployed where
    config: str
    status: str
    old: str  # the target group that had the traffic; "": there was none
    new: str
    began: datetime
    ended: datetime
    steps: tuple[WeightSet, ...]
    marks: tuple[Mark, ...]
    answered: tuple[Answered, ...]  # of both groups, the oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A stretch of a shift."""

    at: datetime
    span: timedelta
    weight: int  # at its end
    old: Figures
    new: Figures

    @property
    def share(self) -> float | None:
        """Give the per cent of requests that the new version had; None: there were none."""
        whole = self.old.requests + self.new.requests
        return self.new.requests / whole * 100 if whole else None


def weight_at(story: Story, moment: datetime) -> int:
    """Give the new version's weight at a moment; before the first step it has none."""
    weight = 0
    for step in story.steps:
        if step.at <= moment:
            weight = step.weight
    return weight


def slices(story: Story, count: int) -> tuple[Slice, ...]:
    """Cut a shift into ``count`` stretches of the same length."""
    span = max(story.ended - story.began, timedelta(milliseconds=1)) / count
    kept: list[list[Answered]] = [[] for _ in range(count)]
    for each in story.answered:
        if story.began <= each.at <= story.ended:
            kept[min(count - 1, int((each.at - story.began) / span))].append(each)
    return tuple(
        _slice(story, story.began + span * number, span, seen) for number, seen in enumerate(kept)
    )


def stages(story: Story) -> tuple[Slice, ...]:
    """Cut a shift where the weight was set: one stretch a weight, from the first one on."""
    ends = [step.at for step in story.steps[1:]] + [story.ended]
    return tuple(
        _slice(
            story,
            step.at,
            max(end - step.at, timedelta()),
            [each for each in story.answered if step.at <= each.at < end],
            step.weight,
        )
        for step, end in zip(story.steps, ends, strict=True)
    )


def whole(story: Story) -> Slice:
    """Give all of it as one stretch."""
    return slices(story, 1)[0]


def _slice(
    story: Story,
    at: datetime,
    span: timedelta,
    seen: Sequence[Answered],
    weight: int | None = None,
) -> Slice:
    return Slice(
        at=at,
        span=span,
        weight=weight_at(story, at + span) if weight is None else weight,
        old=figures(_of(story.old, seen), span),
        new=figures(_of(story.new, seen), span),
    )


def _of(group: str, seen: Iterable[Answered]) -> list[Answered]:
    return [each for each in seen if group and each.group == group]
