"""How alarms stand and stood: a stream of events for each, from any process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cicd.deploy.alarms.alarm import AlarmState
from cicd.engine.signals import send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON
    from cicd.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an alarm stands, since when, and why."""

    state: AlarmState
    reason: str
    since: datetime | None = None  # None: it was never looked at
    by_hand: bool = False  # somebody set it, and nobody has looked since

    def shape(self) -> Mapping[str, JSON]:
        """Give it in the names of DescribeAlarms."""
        return {
            "StateValue": str(self.state),
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.since.isoformat() if self.since else None,
        }


UNKNOWN = Standing(state=AlarmState.INSUFFICIENT_DATA, reason="Unchecked: Initial alarm creation")


def history(name: str, services: Services) -> tuple[Standing, ...]:
    """Give every state that an alarm entered, the newest last."""
    return tuple(
        Standing(
            state=AlarmState(str(event.data["state"])),
            reason=str(event.data["reason"]),
            since=event.at,
            by_hand=bool(event.data["by_hand"]),
        )
        for _, event in services.log.read(_stream(name))
    )


def standing(name: str, services: Services) -> Standing:
    """Say how an alarm stands, as far as anybody looked."""
    known = history(name, services)
    return known[-1] if known else UNKNOWN


def set_state(
    name: str, state: AlarmState, reason: str, services: Services, *, by_hand: bool
) -> None:
    """
    Let an alarm enter a state; one that somebody sets counts instead of the next look.

    Source: CloudWatch API Reference, "SetAlarmState".
    """
    data: dict[str, JSON] = {"state": str(state), "reason": reason, "by_hand": by_hand}
    send(services.log, services.clock, _stream(name), "state", **data)


def _stream(name: str) -> str:
    return f"alarm/{name}"
