"""Which members a fleet is to have: who is made, who ends, where each listens. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet.fleet import LifecycleState
from cicd.errors import UsageError
from cicd.ports import TargetKind, TargetSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.deploy.fleet.fleet import Fleet, Member

_HIGHEST_PORT: Final = 65535
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A member that is to be made."""

    target: TargetSpec
    number: int
    slot: int


def missing(fleet: Fleet, fresh: Callable[[], str]) -> tuple[NewMember, ...]:
    """
    Give the members that must be made for a fleet to have as many as are desired.

    Ids count up and are never used again; ports are, so that they stay where they were.

    Args:
        fleet: The fleet.
        fresh: Gives letters that nothing else is called by.

    Raises:
        UsageError: There are no ports left.

    """
    number = len(fleet.members)
    slots = _free_slots(fleet)
    made = []
    for _ in range(fleet.desired - len(fleet.living)):
        number += 1
        slot = next(slots)
        target = _target(fleet, number, slot, fresh)
        made.append(NewMember(target=target, number=number, slot=slot))
    return tuple(made)


def surplus(fleet: Fleet, runs: Callable[[TargetSpec], bool]) -> tuple[Member, ...]:
    """
    Give the members that must end for a fleet to have as many as are desired.

    Those that do not run are replaced in any case; of the others the eldest end first.

    Source: EC2 Auto Scaling User Guide, "Default termination policy", of which the age is left
    where all members are made from the same thing.
    """
    dead = [each for each in fleet.living if not _stands(each, runs)]
    names = {each.target.id for each in dead}
    alive = [each for each in fleet.living if each.target.id not in names]
    return (*dead, *alive[: max(0, len(alive) - fleet.desired)])


def _stands(member: Member, runs: Callable[[TargetSpec], bool]) -> bool:
    # One that was begun or about to end when its driver died is nobody's any more.
    return member.state is LifecycleState.IN_SERVICE and runs(member.target)


def _free_slots(fleet: Fleet) -> Iterator[int]:
    taken = {each.slot for each in fleet.living}
    slot = 0
    while True:
        if slot not in taken:
            yield slot
        slot += 1


def _target(fleet: Fleet, number: int, slot: int, fresh: Callable[[], str]) -> TargetSpec:
    name = f"{fleet.name}-{number}"
    spec = fleet.spec
    if spec.kind is TargetKind.CONTAINER:
        variables = () if spec.port is None else (("PORT", str(spec.port)),)
        return TargetSpec(
            id=name,
            kind=TargetKind.CONTAINER,
            location=f"{name}-{fresh()[:6]}",
            variables=variables,
            fleet=fleet.name,
        )
    location = f"{spec.directory}/{name}"
    if spec.port is None:
        return TargetSpec(id=name, location=location, fleet=fleet.name)
    port = spec.port + slot
    if port > _HIGHEST_PORT:
        raise UsageError(
            f"'{name}' would listen on port {port}, and there is none",
            hint=f"begin with a lower --port than {spec.port}",
        )
    return TargetSpec(
        id=name,
        location=location,
        variables=(("PORT", str(port)),),
        endpoint=f"http://{_HOST}:{port}",
        fleet=fleet.name,
    )
