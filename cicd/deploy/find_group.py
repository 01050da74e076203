"""Which deployment group is meant: one of ``cicd.yml``, or the default one; and its instances."""

from __future__ import annotations

import re
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet.fleet import NAME as FLEET_NAME
from cicd.deploy.group import NAME, DeploymentGroup, group_id
from cicd.deploy.group_reader import read_group
from cicd.deploy.selection import select
from cicd.deploy.traffic.fleet_copy import copy_of
from cicd.deploy.traffic.plan import GreenAction
from cicd.errors import Unavailable, UsageError
from cicd.nearest import closest
from cicd.ports import TargetKind, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cicd.document.node import Node
    from cicd.document.problem import Problem
    from cicd.document.resources import Resources
    from cicd.ports import TaggedInstance

DEFAULT_GROUP: Final = "LocalFleet"
HERE: Final = "here"
"""How people name the machine they are on."""
_CONTAINER: Final = "container:"
_KIND: Final = re.compile(r"([A-Za-z][\w+.-]+):")


def find_group(
    resources: Resources,
    *,
    name: str | None = None,
    application: str | None = None,
    instances: Sequence[TargetSpec] = (),
    home: Path,
    tagged: Callable[[], Sequence[TaggedInstance]] = tuple,
    members: Callable[[str], Sequence[TargetSpec] | None] | None = None,
) -> DeploymentGroup:
    """
    Find the group to deploy to.

    Args:
        resources: What ``cicd.yml`` says.
        name: The group, or "application/group"; None: the only one, or the default one.
        application: The application, when the caller knows it.
        instances: Instances given by flags; they replace the group's.
        home: The state directory, below which a group without instances gets one.
        tagged: Gives the containers that the group's tags may mean; asked only if it has tags.
        members: Gives the members of a fleet, None if there is none of that name; None: fleets
            are not looked at.

    Raises:
        UsageError: There is no such group, or several; its tags and fleets mean no instance.
        Unavailable: It has tags only, and no engine answers.
        DocumentError: It is described wrongly.

    """
    if name and "/" in name and application is None:
        application, _, name = name.partition("/")
    found = _written(resources, name, application)
    if found is not None:
        group = read_group(*found, resources)
    elif any(_groups(resources)) and not (instances and name is None):
        _refuse(resources, name, application)
    else:
        group = _default(resources, name or DEFAULT_GROUP, application)
    if not instances and members is not None:
        group = _with_members(group, members)
    targets = tuple(instances) or _instances(group, tagged) or (_default_instance(home),)
    green = group.green or _copies(group, targets)
    _check_distinct((*targets, *green))
    return replace(
        group, green=green, targets=tuple(sorted(targets, key=lambda target: target.id))
    )


def check_group(resources: Resources, name: str, application: str) -> tuple[Problem, ...]:
    """
    Check what is written of a group, whatever there is on this machine; gives what is remarkable.

    Raises:
        UsageError: Several are called so; two of its instances are the same.
        DocumentError: It is described wrongly.

    """
    found = _written(resources, name, application)
    if found is None:
        return ()
    group = read_group(*found, resources)
    _check_distinct((*group.targets, *(group.green or _copies(group, group.targets))))
    return group.notes


def is_written(resources: Resources, name: str) -> bool:
    """Tell whether a group, or an "application/group", is written down; perhaps more than once."""
    application, _, group = name.rpartition("/")
    return any(
        application in ("", app) and _name_of(node) == group for app, node in _groups(resources)
    )


def _written(
    resources: Resources, name: str | None, application: str | None
) -> tuple[str, Node] | None:
    """Give the one group that may be meant, with its application."""
    found = [
        (app, node)
        for app, node in _groups(resources)
        if application in (None, app) and (name is None or _name_of(node) == name)
    ]
    if len(found) > 1:
        known = ", ".join(f"{app}/{_name_of(node)}" for app, node in found)
        raise UsageError(
            "several deployment groups could be meant", hint=f"name one with --group: {known}"
        )
    return found[0] if found else None


def groups_of_fleet(resources: Resources, fleet: str) -> tuple[DeploymentGroup, ...]:
    """Give the groups of ``cicd.yml`` that name a fleet; raises ``DocumentError``."""
    named = []
    for application, node in _groups(resources):
        entry = node.entries.get("autoScalingGroups")
        if entry is not None:
            group = read_group(application, node, resources)
            if fleet in group.auto_scaling_groups:
                named.append(group)
    return tuple(named)


def _with_members(
    group: DeploymentGroup, members: Callable[[str], Sequence[TargetSpec] | None]
) -> DeploymentGroup:
    """Add the members of the group's fleets to its instances."""
    found = {name: members(name) for name in group.auto_scaling_groups}
    targets = (*group.targets, *(each for some in found.values() for each in some or ()))
    if found and not targets and not group.selections:
        empty = [name for name, some in found.items() if some is not None]
        names = ", ".join(f"'{name}'" for name in found)
        raise UsageError(
            f"the group '{group.name}' deploys to the fleet {names}, and no instance of it is in "
            "service (NO_INSTANCES)",
            hint=f"'cicd fleet show {empty[0]}' tells why, 'cicd fleet scale {empty[0]} 2' "
            "starts some"
            if empty
            else f"'cicd fleet up {next(iter(found))} --count 2 --image IMAGE' makes them, "
            "or --directory in place of --image",
        )
    return replace(group, targets=targets)


def _copies(group: DeploymentGroup, targets: Sequence[TargetSpec]) -> tuple[TargetSpec, ...]:
    options = group.blue_green
    if options is None or options.green_action is GreenAction.DISCOVER_EXISTING:
        return ()
    for target in targets:
        if target.kind is not TargetKind.DIRECTORY and not target.fleet:
            raise UsageError(
                f"'{target.id}' is no directory: there is no copying it to a replacement",
                hint="make the replacement yourself, and list it under 'greenInstances'",
            )
    return tuple(copy_of(target) for target in targets)


def _instances(
    group: DeploymentGroup, tagged: Callable[[], Sequence[TaggedInstance]]
) -> tuple[TargetSpec, ...]:
    """Give the union of the group's own instances and of those that its tags mean."""
    if not group.selections:
        return group.targets
    try:
        found = select(group.selections, tagged())
    except Unavailable:
        if group.targets:  # the tags may be the cloud's
            return group.targets
        raise
    taken = {target.location for target in group.targets}
    containers = tuple(
        TargetSpec(id=name, kind=TargetKind.CONTAINER, location=name)
        for name in found
        if name not in taken
    )
    if not group.targets and not containers:
        raise UsageError(
            f"no container has the tags of '{group.name}' (NO_INSTANCES)",
            hint=f"{_made(group)} makes some; or list instances "
            f"under 'local: deploymentGroups: {group.name}: instances' of cicd.yml",
        )
    return (*group.targets, *containers)


def _made(group: DeploymentGroup) -> str:
    """Give the command that makes instances with the tags that a group asks for."""
    labels = (f"--label {quote(f'{k}={v}')}" for k, v in group.selections[0].example().items())
    name = group.name if FLEET_NAME.fullmatch(group.name) else "NAME"
    return f"`cicd fleet up {name} --count 2 --image IMAGE {' '.join(labels)}`"


def _refuse(resources: Resources, name: str | None, application: str | None) -> None:
    known = [f"{app}/{_name_of(node)}" for app, node in _groups(resources)]
    wanted = f"{application}/{name}" if application else (name or "")
    nearest = closest(wanted, [*known, *(text.partition("/")[2] for text in known)])
    raise UsageError(
        f"no deployment group named '{wanted}' (DeploymentGroupDoesNotExistException)",
        hint=f"did you mean '{nearest}'?" if nearest else f"known groups: {', '.join(known)}",
    )


def parse_instance(text: str, start: Path) -> TargetSpec:
    """
    Read ``--instance``: ID=DIR, ID=container:NAME, or "here"; DIR is relative to ``start``.

    Raises:
        UsageError: It is none of them.

    """
    if text == HERE:
        return TargetSpec(id=HERE, kind=TargetKind.MACHINE, location="/")
    name, separator, place = text.partition("=")
    container = place.removeprefix(_CONTAINER)
    if not separator or not container or not NAME.fullmatch(name):
        raise UsageError(
            f"'{text}' is not an instance",
            hint="write ID=DIRECTORY, such as --instance web-1=.cicd/instances/web-1, "
            f"ID={_CONTAINER}NAME, or '{HERE}' for this machine itself",
        )
    if place.startswith(_CONTAINER):
        return TargetSpec(id=name, kind=TargetKind.CONTAINER, location=container)
    kind = _KIND.match(place)
    if kind is not None and not (start / place).is_dir():
        raise UsageError(
            f"'{kind[1]}' is no kind of instance: '{text}'",
            hint=f"a container is {name}={_CONTAINER}{place[kind.end() :]}; a directory of that "
            f"name, {name}=./{place}",
        )
    return TargetSpec(id=name, location=str((start / place).absolute()))


def _groups(resources: Resources) -> Iterator[tuple[str, Node]]:
    for application, node in resources.section("applications").items():
        groups = node.entries.get("deploymentGroups")
        for group in groups.value.items if groups else ():
            yield application, group


def _name_of(group: Node) -> str:
    entry = group.entries.get("deploymentGroupName")
    return entry.value.text if entry else ""


def _default(resources: Resources, name: str, application: str | None) -> DeploymentGroup:
    application = application or resources.root.resolve().name or "application"
    return DeploymentGroup(application_name=application, name=name, id=group_id(application, name))


def _default_instance(home: Path) -> TargetSpec:
    return TargetSpec(id="local", location=str((home / "instances" / "local").absolute()))


def _check_distinct(targets: Sequence[TargetSpec]) -> None:
    ids: dict[str, str] = {}
    places: dict[str, str] = {}
    for target in targets:
        if target.id in ids:
            raise UsageError(
                f"two instances are called '{target.id}'", hint="give each an id of its own"
            )
        if target.location in places:
            raise UsageError(
                f"'{target.id}' and '{places[target.location]}' are the same place",
                hint="give each instance a directory or a container of its own",
            )
        ids[target.id] = target.location
        places[target.location] = target.id
