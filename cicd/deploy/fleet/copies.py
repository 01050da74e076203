"""COPY_AUTO_SCALING_GROUP: a blue/green deployment's fleet, copied, swapped and ended."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet import ledger, planning
from cicd.deploy.fleet.fleet import FleetStatus, LifecycleState
from cicd.deploy.fleet.member import MemberLife
from cicd.deploy.fleet.side_by_side import at_once
from cicd.deploy.traffic.plan import plan_traffic
from cicd.engine.codec import encode
from cicd.ports import Level, TargetKind

if TYPE_CHECKING:
    from cicd.deploy.fleet.fleet import Fleet, FleetSpec
    from cicd.deploy.fleet.planning import NewMember
    from cicd.deploy.plan import DeploymentPlan
    from cicd.ports import Services, TargetSpec

_APART: Final = 1000  # ports between a fleet of directories and its copy
_LAST_ONE: Final = threading.Lock()
"""Members end side by side, and one of them is the last."""
_NOT_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")


def provision(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """
    Make the members of a replacement that is a copy, and plan with them.

    A target of a fleet that is no member, planned only or ended since, stands for one that is to
    be made: a copy of the original environment's.

    Raises ``Unavailable`` when a member cannot be made; none of the copy is left then.

    Source: CodeDeploy API Reference, "GreenFleetProvisioningOption".
    """
    blue_green = plan.blue_green
    if blue_green is None or all(_stands(each, services) for each in plan.targets):
        return plan
    fleets = dict.fromkeys(each.fleet for each in blue_green.original if each.fleet)
    kept = tuple(each for each in plan.targets if not each.fleet)
    made: list[TargetSpec] = []
    for number, name in enumerate(fleets):
        copy = f"CodeDeploy_{plan.deployment_group_name}_{plan.deployment_id}"
        copy = _NOT_A_NAME.sub("-", copy) + (f"_{number + 1}" if number else "")
        made += _copy(ledger.find(name, services), copy, services)
    return _listening(replace(plan, targets=(*kept, *made)))


def with_members(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """
    Have a rollback be about the members that its fleets have now.

    The targets of a blue/green deployment that installs something are not asked for: they are
    to be made.
    """
    blue_green = plan.blue_green
    if not any(each.fleet for each in plan.instances):
        return plan
    if blue_green is None or blue_green.rollback:
        plan = replace(plan, targets=_now(plan.targets, services))
    if blue_green is not None:
        original = _now(blue_green.original, services)
        plan = replace(plan, blue_green=replace(blue_green, original=original))
    return _listening(plan)


def _now(targets: tuple[TargetSpec, ...], services: Services) -> tuple[TargetSpec, ...]:
    fleets = [
        fleet
        for name in dict.fromkeys(each.fleet for each in targets if each.fleet)
        if (fleet := ledger.read(name, services)) is not None
    ]
    kept = tuple(each for each in targets if not each.fleet)
    return (*kept, *(each.target for fleet in fleets for each in fleet.in_service))


def _listening(plan: DeploymentPlan) -> DeploymentPlan:
    """Say where its instances listen, which may be other ones than when it was planned."""
    if plan.traffic is None:
        return plan
    told = plan_traffic(plan.traffic.load_balancers, plan.instances)
    return replace(plan, traffic=replace(plan.traffic, endpoints=told.endpoints))


def swap(plan: DeploymentPlan, services: Services) -> None:
    """
    Have the fleet that has traffic now be the one that its group means; safe to repeat.

    Source: CodeDeploy User Guide, "Overview of a blue/green deployment" (the group's Auto Scaling
    group is the replacement afterwards).
    """
    if plan.blue_green is None:
        return
    old = [*dict.fromkeys(each.fleet for each in plan.blue_green.original if each.fleet)]
    new = [*dict.fromkeys(each.fleet for each in plan.targets if each.fleet)]
    for left, joined in zip(old, new, strict=False):
        before, after = ledger.read(left, services), ledger.read(joined, services)
        if before is None or after is None or left == joined:
            continue
        if after.replaced_by is not None:
            ledger.note(joined, services, "restored")
        if before.replaced_by != joined:
            words = f"Fleet {left} is replaced by {joined}"
            ledger.note(left, services, "replaced", words, by=joined)


def retire(target: TargetSpec, services: Services) -> None:
    """End a member of the original environment, and its fleet with the last one."""
    fleet = ledger.read(target.fleet, services)
    member = None if fleet is None else fleet.members.get(target.id)
    if fleet is None or member is None:
        return
    if member.state is not LifecycleState.TERMINATED:
        life = MemberLife(fleet, services, ())
        life.end(member, "its environment was replaced")
    with _LAST_ONE:
        left = ledger.read(target.fleet, services)
        if left is not None and left.status is FleetStatus.ACTIVE and not left.living:
            ledger.close(left.name, services)


def _stands(target: TargetSpec, services: Services) -> bool:
    fleet = ledger.read(target.fleet, services) if target.fleet else None
    if fleet is None:
        return True
    return target.id in {each.target.id for each in fleet.living}


def _copy(source: Fleet, name: str, services: Services) -> list[TargetSpec]:
    """Make a fleet of the same size from the same thing; its members are not deployed to yet."""
    ledger.enter(name, services)
    with services.executions.drive(ledger.stream_of(name)):
        made = ledger.read(name, services)
        if made is None:
            words = f"Fleet {name}, a copy of {source.name}"
            spec = encode(_spec(source, name, services))
            ledger.note(name, services, "up", words, spec=spec, desired=source.desired)
        fleet = ledger.find(name, services)
        life = MemberLife(fleet, services, ())

        def begin(new: NewMember) -> str:
            life.join(life.make(new))
            return ""

        try:
            at_once(services, begin, planning.missing(fleet, services.new_id))
        except BaseException:
            for member in ledger.find(name, services).living:
                life.end(member, "its fleet cannot be made")
            ledger.close(name, services, Level.FAILURE)
            raise
        return [each.target for each in ledger.find(name, services).in_service]


def _spec(source: Fleet, name: str, services: Services) -> FleetSpec:
    spec = replace(source.spec, root=source.spec.root or source.name)
    if spec.kind is not TargetKind.DIRECTORY:
        return spec
    beside = str(PurePosixPath(spec.directory).parent / name)
    if spec.port is None:
        return replace(spec, directory=beside)
    taken = {each.spec.port for each in ledger.active(services) if each.spec.kind is spec.kind}
    first = ledger.read(spec.root, services)
    port = spec.port if first is None or first.spec.port is None else first.spec.port
    while port in taken:
        port += _APART
    return replace(spec, directory=beside, port=port)
