"""A fleet and its members: the fold of its stream. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.engine.codec import decode
from cicd.ports import TargetKind, TargetSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import JSON, Event

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What fleets may be called: their members' names are those of containers."""


class LifecycleState(StrEnum):
    """Of a member. Source: EC2 Auto Scaling API Reference, "Instance"."""

    PENDING = "Pending"
    IN_SERVICE = "InService"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


class FleetStatus(StrEnum):
    """Of a fleet; one that is deleted may be made again."""

    ACTIVE = "Active"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpec:
    """What members are made from."""

    kind: TargetKind
    image: str = ""  # CONTAINER
    command: tuple[str, ...] = ()  # CONTAINER: in place of the image's own
    directory: str = ""  # DIRECTORY: the absolute path that holds the members' directories
    port: int | None = None  # CONTAINER: inside each; DIRECTORY: the first one's, then counted up
    labels: tuple[tuple[str, str], ...] = ()
    root: str = ""  # the fleet that this one is a copy of, or a copy's copy; "": of none


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member, also after its end."""

    target: TargetSpec
    number: int  # counts from 1, and is never given again
    slot: int  # counts from 0; a member that has ended leaves its own to another one
    state: LifecycleState = LifecycleState.PENDING
    cause: str = ""  # why it ended, or is about to
    fault: str = ""  # what it is made to suffer, as the command line has it
    launched_at: datetime | None = None
    served: bool = False  # it was in service, at some time


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A fleet as its stream tells it."""

    name: str
    spec: FleetSpec
    desired: int = 0
    status: FleetStatus = FleetStatus.ACTIVE
    members: Mapping[str, Member] = field(default_factory=dict)  # by id, the eldest first
    replaced_by: str | None = None  # the copy that took its place
    created_at: datetime | None = None
    settled: bool = False  # the last command that changed it came to its end

    @property
    def living(self) -> tuple[Member, ...]:
        """Those that have not ended."""
        return tuple(
            each for each in self.members.values() if each.state is not LifecycleState.TERMINATED
        )

    @property
    def in_service(self) -> tuple[Member, ...]:
        """Those that deployments go to."""
        return tuple(
            each for each in self.members.values() if each.state is LifecycleState.IN_SERVICE
        )


def fold(name: str, events: list[Event]) -> Fleet | None:
    """Fold a fleet's stream; None: it has never been made."""
    fleet: Fleet | None = None
    for event in events:
        fleet = _apply(name, fleet, event)
    return fleet


def _apply(name: str, fleet: Fleet | None, event: Event) -> Fleet | None:
    signal, data = event.data.get("signal"), event.data
    if signal == "up":
        # Its numbers go on: what was deployed to an earlier member is not this one's history.
        members = {} if fleet is None else fleet.members
        return Fleet(
            name=name,
            spec=decode(FleetSpec, data["spec"]),
            desired=int(str(data["desired"])),
            members=members,
            created_at=event.at,
        )
    if fleet is None:
        return None
    match signal:
        case "scaled":
            return replace(fleet, desired=int(str(data["desired"])), settled=False)
        case "settled":
            return replace(fleet, settled=True)
        case "replaced":
            return replace(fleet, replaced_by=str(data["by"]))
        case "restored":
            return replace(fleet, replaced_by=None)
        case "down":
            return replace(fleet, status=FleetStatus.DELETED, desired=0)
        case "launching":
            target = decode(TargetSpec, data["target"])
            number = int(str(data.get("number", len(fleet.members) + 1)))
            slot = int(str(data["slot"]))
            begun = Member(target=target, number=number, slot=slot, launched_at=event.at)
            return _with(fleet, begun)
        case _:
            return _changed(fleet, str(signal), data)


def _changed(fleet: Fleet, signal: str, data: Mapping[str, JSON]) -> Fleet:
    member = fleet.members.get(str(data.get("member", "")))
    if member is None:
        return fleet
    match signal:
        case "made":
            return _with(fleet, replace(member, target=decode(TargetSpec, data["target"])))
        case "in-service":
            return _with(fleet, replace(member, state=LifecycleState.IN_SERVICE, served=True))
        case "terminating":
            cause = str(data.get("cause", ""))
            changed = replace(member, state=LifecycleState.TERMINATING, cause=cause)
            return _with(fleet, changed)
        case "terminated":
            return _with(fleet, replace(member, state=LifecycleState.TERMINATED))
        case "fault":
            return _with(fleet, replace(member, fault=str(data.get("fault", ""))))
        case _:
            return fleet


def _with(fleet: Fleet, member: Member) -> Fleet:
    # Several are begun at once: who is noted first is not the elder.
    members = {**fleet.members, member.target.id: member}
    in_order = dict(sorted(members.items(), key=lambda each: each[1].number))
    return replace(fleet, members=MappingProxyType(in_order))
