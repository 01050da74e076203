"""Fleets from the outside: make one, scale it, end it, look at it, have a member suffer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from cicd.deploy.fleet import ledger, planning
from cicd.deploy.fleet.fault import FaultKind, parse_fault
from cicd.deploy.fleet.fleet import NAME, Fleet, FleetSpec, FleetStatus, LifecycleState
from cicd.deploy.fleet.member import MemberLife
from cicd.engine.codec import encode
from cicd.errors import CicdError, UsageError
from cicd.ports import Level
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.deploy.fleet.fleet import Member
    from cicd.deploy.group import DeploymentGroup
    from cicd.ports import Services

T = TypeVar("T")


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
    _enter(name, services)
    with services.executions.drive(ledger.stream_of(name)):
        there = ledger.read(name, services)
        if there is not None and there.status is FleetStatus.ACTIVE:
            raise UsageError(
                f"there is a fleet '{name}' already, of {len(there.living)}",
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
                _close(name, services)
            raise


def scale_fleet(
    name: str, count: int, services: Services, groups: Sequence[DeploymentGroup] = ()
) -> FleetResult:
    """
    Have a fleet be of ``count`` members; those that do not run any more are replaced.

    Raises:
        UsageError: There is no such fleet.
        Unavailable: A member cannot be made.
        Conflict: Somebody else is changing it.

    """
    fleet = ledger.find(name, services)
    with services.executions.drive(ledger.stream_of(name)):
        words = f"Fleet {name}: from {fleet.desired} to {count}"
        ledger.note(name, services, "scaled", words, desired=count)
        return _settle(name, services, groups)


def fleet_down(
    name: str, services: Services, groups: Sequence[DeploymentGroup] = ()
) -> FleetResult:
    """End a fleet and all its members, as ``scale_fleet`` does; it may be made again later."""
    ledger.find(name, services)
    with services.executions.drive(ledger.stream_of(name)):
        ledger.note(name, services, "scaled", f"Fleet {name} ends", desired=0)
        result = _settle(name, services, groups)
        _close(name, services)
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


def _enter(name: str, services: Services) -> None:
    stream = ledger.stream_of(name)
    known = [record.stream for record in services.executions.list(kind=ledger.KIND, name=name)]
    if stream not in known:
        services.executions.submit(
            stream,
            kind=ledger.KIND,
            name=name,
            status=FleetStatus.ACTIVE,
            parent=None,
            at=services.clock.now(),
        )


def _close(name: str, services: Services) -> None:
    ledger.note(name, services, "down", f"Fleet {name} has ended", Level.SUCCESS)
    services.executions.update(ledger.stream_of(name), FleetStatus.DELETED, services.clock.now())


def _settle(name: str, services: Services, groups: Sequence[DeploymentGroup]) -> FleetResult:
    """Have a fleet be as large as is desired; who calls drives its stream."""
    fleet = ledger.find(name, services)
    life = MemberLife(fleet, services, groups)
    machines = services.machines(fleet.spec.kind)

    def end(member: Member) -> str:
        return life.end(member, life.why_end(member, machines))

    _at_once(services, end, planning.surplus(fleet, machines.runs))
    fleet = ledger.find(name, services)
    wanted = planning.missing(fleet, services.new_id)
    why = _at_once(services, life.begin, wanted)
    abandoned = tuple(
        (new.target.id, words) for new, words in zip(wanted, why, strict=True) if words
    )
    return FleetResult(fleet=ledger.find(name, services), abandoned=abandoned)


def _at_once(services: Services, work: Callable[[T], str], over: Sequence[T]) -> list[str]:
    """Do it to all side by side; what one raises is raised when all have ended."""
    if not over:
        return []
    with ThreadPoolExecutor(max_workers=min(services.jobs, len(over))) as pool:
        begun = [pool.submit(work, each) for each in over]
    return [each.result() for each in begun]
