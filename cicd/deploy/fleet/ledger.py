"""The streams of fleets: what has happened to each, read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet.fleet import Fleet, FleetStatus, fold
from cicd.engine.signals import send
from cicd.errors import UsageError
from cicd.nearest import closest
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.ports import Services, TargetSpec

KIND: Final = "fleet"


def stream_of(name: str) -> str:
    """Name a fleet's stream."""
    return f"{KIND}/{name}"


def read(name: str, services: Services) -> Fleet | None:
    """Give a fleet as it stands; None: there never was one of that name."""
    return fold(name, [event for _, event in services.log.read(stream_of(name))])


def find(name: str, services: Services) -> Fleet:
    """
    Give a fleet that is there: for one that has ended, the copy that took its place.

    Raises ``UsageError`` with the name that may be meant.
    """
    fleet = read(name, services)
    if fleet is not None and fleet.status is FleetStatus.DELETED:
        fleet = current(name, services)
    if fleet is None:
        known = [each.name for each in active(services)]
        near = closest(name, known)
        raise UsageError(
            f"there is no fleet '{name}'",
            hint=f"did you mean '{near}'?"
            if near
            else f"there are: {', '.join(known)}"
            if known
            else f"'cicd fleet up {name}' makes one",
        )
    return fleet


def every(services: Services) -> tuple[Fleet, ...]:
    """Give every fleet that there ever was, by name."""
    names = sorted(record.name for record in services.executions.list(kind=KIND))
    return tuple(fleet for name in names if (fleet := read(name, services)) is not None)


def active(services: Services) -> tuple[Fleet, ...]:
    """Give the fleets that are there, by name."""
    return tuple(each for each in every(services) if each.status is FleetStatus.ACTIVE)


def current(name: str, services: Services) -> Fleet | None:
    """Give the fleet that a group means by ``name``: the copy that took its place, if one did."""
    fleet = read(name, services)
    while fleet is not None and fleet.replaced_by is not None:
        fleet = read(fleet.replaced_by, services)
    return None if fleet is None or fleet.status is FleetStatus.DELETED else fleet


def members_of(name: str, services: Services) -> tuple[TargetSpec, ...] | None:
    """Give the instances that a group means by the name of a fleet; None: there is no fleet."""
    fleet = current(name, services)
    return None if fleet is None else tuple(each.target for each in fleet.in_service)


def note(
    name: str,
    services: Services,
    signal: str,
    said: str = "",
    level: Level = Level.INFO,
    **data: JSON,
) -> None:
    """Write one thing that happened to a fleet, and tell it."""
    stream = stream_of(name)
    version = send(services.log, services.clock, stream, signal, **data)
    _, event = services.log.read(stream, after=version - 1)[0]
    for reporter in services.reporters:
        reporter.event(stream, event, Described(text=said, level=level))


def enter(name: str, services: Services) -> None:
    """Have a fleet be in the index, under whose stream it is changed by one at a time."""
    stream = stream_of(name)
    if stream not in [each.stream for each in services.executions.list(kind=KIND, name=name)]:
        now = services.clock.now()
        services.executions.submit(
            stream, kind=KIND, name=name, status=FleetStatus.ACTIVE, parent=None, at=now
        )


def close(name: str, services: Services, level: Level = Level.SUCCESS) -> None:
    """Note that a fleet has ended."""
    note(name, services, "down", f"Fleet {name} has ended", level)
    finish_closing(name, services)


def is_half_closed(fleet: Fleet, services: Services) -> bool:
    """Tell whether who ended a fleet died before the index said so."""
    record = services.executions.find(KIND, fleet.name)
    ended = fleet.status is FleetStatus.DELETED
    return ended and record is not None and record.status != FleetStatus.DELETED


def finish_closing(name: str, services: Services) -> None:
    """Have the index say that a fleet has ended."""
    services.executions.update(stream_of(name), FleetStatus.DELETED, services.clock.now())
