"""What a step of a shift remembers of the machine's time, in which requests are logged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cicd.deploy.state import EventState
    from cicd.event import JSON
    from cicd.ports import Clock

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scale:
    """How the deployment's time becomes the machine's."""

    here: datetime  # a moment of the deployment
    there: datetime  # what the machine's clock showed then
    speed: float

    def machine(self, moment: datetime) -> datetime:
        """Give what the machine's clock showed at a moment of the deployment."""
        return self.there + (moment - self.here) / self.speed


def machine_time(clock: Clock) -> dict[str, JSON]:
    """Give the machine's time now, and how much faster the deployment's clock runs."""
    now = clock.now()
    at = clock.machine(now)
    return {"at": at.isoformat(), "speed": _HOUR / (clock.machine(now + _HOUR) - at)}


def scale_of(step: EventState) -> Scale:
    """Read it from a step that is over; one that remembers nothing had the machine's time."""
    assert step.finished_at is not None
    kept = None if step.outcome is None else step.outcome.detail.get("machine")
    if not isinstance(kept, dict):
        return Scale(step.finished_at, step.finished_at, 1.0)
    speed = kept.get("speed")
    return Scale(
        step.finished_at,
        datetime.fromisoformat(str(kept["at"])),
        speed if isinstance(speed, int | float) else 1.0,
    )
