"""What an execution has done, as a drawing needs it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cicd.pipeline.result import ActionStatus
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.state import PipelineState


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How one action stands, and since when; ``ended`` None: it goes on."""

    status: ActionStatus
    started: datetime
    ended: datetime | None = None
    summary: str = ""
    waits: bool = False  # for somebody's approval
    now: datetime | None = None  # when it was looked at

    @property
    def seconds(self) -> float:
        """Say how long it took, or goes on."""
        until = self.ended or self.now or self.started
        return max(0.0, (until - self.started).total_seconds())

    @property
    def words(self) -> str:
        """Put that into words."""
        return "waits" if self.waits else duration(self.seconds)


def seen_in(state: PipelineState, now: datetime) -> Mapping[str, Seen]:
    """Give what each action that has begun has done, by "Stage/Action"."""
    found = {}
    for key, action in state.actions.items():
        going_on = action.status is ActionStatus.IN_PROGRESS
        found[key] = Seen(
            status=action.status,
            started=action.started_at,
            ended=None if going_on else action.updated_at,
            summary=action.result.summary if action.result else "",
            waits=action.waits,
            now=now,
        )
    return found


def duration(seconds: float) -> str:
    """Write seconds as people do: "0.4 s", "1:05", "2:00:00"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
