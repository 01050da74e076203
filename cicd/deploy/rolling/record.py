"""
What a service runs: its revision, and the images of its containers.

Each change is an event of the service's own stream, which holds all of it from then on; the
version that an append expects is the lock between two who change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.engine.codec import decode, encode
from cicd.event import Event, EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.ports import Services


class RolloutState(StrEnum):
    """How a deployment of a service goes. Source: ECS API Reference, "Deployment"."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision of a service's task definition: all of it, as JSON."""

    number: int
    definition: str
    images: Mapping[str, str] = field(default_factory=dict)  # by container


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """A service as it stands; one that was never deployed has no revision."""

    key: str
    revision: Revision | None = None  # that is deployed, or was last
    completed: Revision | None = None  # that last ran steadily
    state: RolloutState = RolloutState.COMPLETED
    owner: str = ""  # which action deploys, or did so last
    counter: int = 0  # the number of the newest revision; none is given twice
    rolls_back: bool = False  # the revision is one that was gone back to
    removed_at: datetime | None = None  # what was deployed before then is no longer there


def read_record(key: str, services: Services) -> tuple[ServiceRecord, int]:
    """Give a service as it is, and the version that its next event must expect."""
    events = services.log.read(_stream(key))
    if not events:
        return ServiceRecord(key=key), 0
    version, last = events[-1]
    return decode(ServiceRecord, last.data["service"]), version


def write_record(record: ServiceRecord, version: int, services: Services) -> int:
    """
    Write down what a service is from now on, and give the new version.

    Raises:
        Conflict: Somebody else was quicker.

    """
    event = Event(
        kind=EventKind.SIGNALLED,
        at=services.clock.now(),
        data={"signal": "service", "service": encode(record)},
    )
    return services.log.append(_stream(record.key), (event,), expected=version)


def _stream(key: str) -> str:
    return f"service/{key}"
