"""The steps of a traffic shift, and which of them is due: the clock is the caller's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A weight, and when it is set."""

    after: timedelta  # since AllowTraffic began
    weight: int  # per cent of the requests that the new version gets


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeight:
    """Give the new version so many per cent now."""

    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """Nothing is due before then."""

    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifted:
    """The new version has all of the traffic."""


ShiftMove: TypeAlias = SetWeight | WaitUntil | Shifted


def next_step(steps: Sequence[Step], done: Sequence[datetime], now: datetime) -> ShiftMove:
    """
    Say what a shift does now.

    Each step waits for the one before it: after a time in which nobody drove, the next one is
    taken, and those behind it wait their interval again. So no two ever fall together.

    Args:
        steps: All of them, in order; the last one's weight is 100.
        done: When each of the first ones was begun, in order.
        now: The time.

    """
    if len(done) >= len(steps):
        return Shifted()
    step = steps[len(done)]
    if not done:
        return SetWeight(weight=step.weight)
    due = done[-1] + (step.after - steps[len(done) - 1].after)
    return SetWeight(weight=step.weight) if now >= due else WaitUntil(moment=due)


def weight_at(steps: Sequence[Step], elapsed: timedelta) -> int:
    """Give the weight that the schedule asks for, so long after AllowTraffic began."""
    return max((step.weight for step in steps if step.after <= elapsed), default=0)
