"""What a deployment waits for while nothing runs: until when, and what happens then. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cicd.deploy.traffic.blue_green import Stage
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A wait that ends by itself, unless somebody ends it before."""

    until: datetime
    then: str  # what happens, as words that follow "until"

    def left(self, now: datetime) -> str:
        """Say how long it lasts from ``now`` on: "9:47 until it stops"."""
        minutes, seconds = divmod(max(0, round((self.until - now).total_seconds())), 60)
        hours, minutes = divmod(minutes, 60)
        long = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
        return f"{long} until {self.then}"


def waiting(process: DeploymentProcess, state: DeploymentState) -> Waiting | None:
    """Say what a deployment waits for; None: for nothing that a clock ends."""
    until = process.waits_until(state)
    if until is None:
        return None
    match process.stage(state):
        case Stage.READY:
            then = "it stops"
        case Stage.TERMINATION_WAIT if process.plan.shift is None:
            then = "the original instances end"
        case Stage.TERMINATION_WAIT:
            then = "the original task set ends"
        case _:
            then = "the next zone begins"
    return Waiting(until=until, then=then)
