"""Fleets from the outside: make one, scale it, end it, look at it, have a member suffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.fleet import ledger, planning
from cicd.deploy.fleet.fault import FaultKind, parse_fault
from cicd.deploy.fleet.fleet import NAME, Fleet, FleetSpec, FleetStatus, LifecycleState
from cicd.deploy.fleet.member import MemberLife
from cicd.deploy.fleet.side_by_side import at_once
from cicd.deploy.fleet.suspended import await_termination
from cicd.engine.codec import encode
from cicd.errors import CicdError, UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.deploy.fleet.fleet import Member
    from cicd.deploy.group import DeploymentGroup
    from cicd.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResult:
    """A fleet after it was changed, and what became of the members that could not join it."""

    fleet: Fleet
    abandoned: tuple[tuple[str, str], ...] = ()  # (member, why)


def fleet_up(
    name: str,
    count: int,
    spec: FleetSpec,
    services: Services,
    groups: Sequence[DeploymentGroup] = (),
) -> FleetResult:
    """
    Make a fleet of ``count`` members; each gets the last good revision of its groups.

    The same again goes on with one whose making was cut short.

    Args:
        name: Its name; deployment groups say it in ``autoScalingGroups``.
        count: How many members it is to have.
        spec: What they are made from.
        services: The services.
        groups: The deployment groups that name it.

    Raises:
        UsageError: There is one already, or the name cannot be one.
        Unavailable: A member cannot be made; those that could be stay.
        Conflict: Somebody else is changing it.

    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be the name of a fleet",
            hint="begin with a letter or digit, and go on with letters, digits, '.', '_' and '-'",
        )
    ledger.enter(name, services)
    with services.executions.drive(ledger.stream_of(name)):
        there = ledger.read(name, services)
        if there is not None and there.status is FleetStatus.DELETED:
            there = ledger.current(name, services)
        if there is not None and _is_unfinished(there, name, count, spec):
            return _settle(name, services, groups)
        if there is not None:
            known = f"as '{there.name}', " if there.name != name else ""
            raise UsageError(
                f"there is a fleet '{name}' already, {known}of {len(there.living)}",
                hint=f"'cicd fleet scale {name} {count}' changes its size, "
                f"'cicd fleet down {name}' ends it",
            )
        services.executions.update(
            ledger.stream_of(name), FleetStatus.ACTIVE, services.clock.now()
        )
        ledger.note(name, services, "up", f"Fleet {name}", spec=encode(spec), desired=count)
        try:
            return _settle(name, services, groups)
        except CicdError:
            fleet = ledger.read(name, services)
            if fleet is not None and not fleet.living:
                ledger.close(name, services)
            raise


def scale_fleet(
    name: str, count: int, services: Services, groups: Sequence[DeploymentGroup] = ()
) -> FleetResult:
    """
    Have a fleet be of ``count`` members; those that do not run any more are replaced.

    It becomes smaller when no deployment suspends that.

    Raises:
        UsageError: There is no such fleet.
        Unavailable: A member cannot be made.
        Conflict: Somebody else is changing it.

    """
    fleet = ledger.find(name, services)
    name = fleet.name
    if count < len(fleet.in_service):
        await_termination(fleet, services)
    with services.executions.drive(ledger.stream_of(name)):
        words = f"Fleet {name}: from {fleet.desired} to {count}"
        ledger.note(name, services, "scaled", words, desired=count)
        return _settle(name, services, groups)


def fleet_down(
    name: str, services: Services, groups: Sequence[DeploymentGroup] = ()
) -> FleetResult:
    """End a fleet and all its members, as ``scale_fleet`` does; it may be made again later."""
    ended = ledger.read(name, services)
    if ended is not None and ledger.is_half_closed(ended, services):
        ledger.finish_closing(name, services)
        return FleetResult(fleet=ended)
    name = ledger.find(name, services).name
    with services.executions.drive(ledger.stream_of(name)):
        ledger.note(name, services, "scaled", f"Fleet {name} ends", desired=0)
        result = _settle(name, services, groups)
        ledger.close(name, services)
        return result


def set_fault(
    name: str,
    member: str,
    text: str,
    services: Services,
    groups: Sequence[DeploymentGroup] = (),
) -> Fleet:
    """
    Have a member suffer, or be well again.

    A lifecycle event that begins from now on finds it so. One that becomes unhealthy leaves the
    load balancers of its groups at once, as an instance whose health checks fail; one that is
    well again joins them.

    Args:
        name: The fleet.
        member: The member's id.
        text: "slow=2s", "failing-hook=EVENT", "unhealthy", "disk-full", "partitioned",
            "skew=10m" or "none".
        services: The services.
        groups: The deployment groups that name the fleet.

    Raises:
        UsageError: There is no such fleet, member or fault.

    """
    fault = parse_fault(text)
    fleet = ledger.find(name, services)
    known = {each.target.id: each for each in fleet.living}
    if member not in known:
        raise UsageError(
            f"'{name}' has no member '{member}'",
            hint=f"it has {', '.join(known)}"
            if known
            else f"'cicd fleet scale {name} 1' makes one",
        )
    kept = "" if fault is None else text
    words = f"{member} is well" if fault is None else f"{member} suffers: {text}"
    name = fleet.name
    ledger.note(name, services, "fault", words, member=member, fault=kept)
    was_ill = known[member].fault == FaultKind.UNHEALTHY
    is_ill = fault is not None and fault.kind is FaultKind.UNHEALTHY
    if was_ill is not is_ill and known[member].state is LifecycleState.IN_SERVICE:
        MemberLife(fleet, services, groups).show_health(known[member].target, ill=is_ill)
    return ledger.find(name, services)


def reap_fleets(services: Services) -> list[str]:
    """Remove the members that no fleet has, and what dead runs left half-made or half-ended."""
    removed = []
    fleets = {fleet.name: fleet for fleet in ledger.every(services)}
    for fleet in fleets.values():
        record = services.executions.find(ledger.KIND, fleet.name)
        if record is not None and record.driven:
            continue
        life = MemberLife(fleet, services, ())
        for member in fleet.living:
            if fleet.status is FleetStatus.ACTIVE and member in fleet.in_service:
                continue
            life.end(member, "it was left behind")
            removed.append(member.target.id)

    def keep(name: str, member: str) -> bool:
        fleet = ledger.read(name, services)
        return fleet is not None and member in {each.target.id for each in fleet.living}

    for kind in {fleet.spec.kind for fleet in fleets.values()}:
        machines = services.machines(kind)
        for target in machines.strays(keep):
            machines.remove(target)
            removed.append(target.id)
    return removed


def _is_unfinished(there: Fleet, name: str, count: int, spec: FleetSpec) -> bool:
    """Tell whether a fleet is the very one that is to be made, and was not made to the end."""
    return (
        there.name == name and (there.spec, there.desired) == (spec, count) and not there.settled
    )


def _settle(name: str, services: Services, groups: Sequence[DeploymentGroup]) -> FleetResult:
    """Have a fleet be as large as is desired; who calls drives its stream."""
    fleet = ledger.find(name, services)
    life = MemberLife(fleet, services, groups)
    machines = services.machines(fleet.spec.kind)

    def end(member: Member) -> str:
        return life.end(member, life.why_end(member, machines))

    at_once(services, end, planning.surplus(fleet, machines.runs))
    fleet = ledger.find(name, services)
    wanted = planning.missing(fleet, services.new_id)
    why = at_once(services, life.begin, wanted)
    abandoned = tuple(
        (new.target.id, words) for new, words in zip(wanted, why, strict=True) if words
    )
    ledger.note(name, services, "settled")
    return FleetResult(fleet=ledger.find(name, services), abandoned=abandoned)
