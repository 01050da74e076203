"""DeploymentGroup: where a deployment goes, and how; from ``cicd.yml``, flags or defaults."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cicd.deploy.config import DEFAULT, PREDEFINED, DeploymentConfig, find_config
from cicd.deploy.plan import RollbackEvent
from cicd.document.fields import Fields
from cicd.document.nearest import closest
from cicd.document.node import NodeKind
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.ports import TargetSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cicd.document.node import Node
    from cicd.document.resources import Resources

DEFAULT_GROUP: Final = "LocalFleet"
_NAME = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}")
_READ_ONLY = (
    "autoScalingGroups",
    "computePlatform",
    "ec2TagFilters",
    "ec2TagSet",
    "lastAttemptedDeployment",
    "lastSuccessfulDeployment",
    "onPremisesInstanceTagFilters",
    "onPremisesTagSet",
    "outdatedInstancesStrategy",
    "serviceRoleArn",
    "tags",
    "targetRevision",
    "terminationHookEnabled",
    "triggerConfigurations",
)
_NAMES_OF_EVENTS = ", ".join(RollbackEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentGroup:
    """A deployment group whose instances are on this machine."""

    application_name: str
    name: str
    id: str  # keys all state on an instance
    config: DeploymentConfig = PREDEFINED[DEFAULT]
    targets: tuple[TargetSpec, ...] = ()
    rollback_events: tuple[RollbackEvent, ...] = ()


def find_group(
    resources: Resources,
    *,
    name: str | None = None,
    application: str | None = None,
    instances: Sequence[TargetSpec] = (),
    home: Path,
) -> DeploymentGroup:
    """
    Find the group to deploy to.

    Args:
        resources: What ``cicd.yml`` says.
        name: The group, or "application/group"; None: the only one, or the default one.
        application: The application, when the caller knows it.
        instances: Instances given by flags; they replace the group's.
        home: The state directory, below which a group without instances gets one.

    Raises:
        UsageError: There is no such group, or several.
        DocumentError: It is described wrongly.

    """
    if name and "/" in name and application is None:
        application, _, name = name.partition("/")
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
    if found:
        group = _read(*found[0], resources)
    elif any(_groups(resources)) and not (instances and name is None):
        _refuse(resources, name, application)
    else:
        group = _default(resources, name or DEFAULT_GROUP, application)
    targets = tuple(instances) or group.targets or (_default_instance(home),)
    _check_distinct(targets)
    return replace(group, targets=tuple(sorted(targets, key=lambda target: target.id)))


def _refuse(resources: Resources, name: str | None, application: str | None) -> None:
    known = [f"{app}/{_name_of(node)}" for app, node in _groups(resources)]
    wanted = f"{application}/{name}" if application else (name or "")
    nearest = closest(wanted, [*known, *(text.partition("/")[2] for text in known)])
    raise UsageError(
        f"no deployment group named '{wanted}' (DeploymentGroupDoesNotExistException)",
        hint=f"did you mean '{nearest}'?" if nearest else f"known groups: {', '.join(known)}",
    )


def parse_instance(text: str, start: Path) -> TargetSpec:
    """Read ``--instance ID=DIR``; DIR is relative to ``start``."""
    name, separator, directory = text.partition("=")
    if not separator or not directory or not _NAME.fullmatch(name):
        raise UsageError(
            f"'{text}' is not an instance",
            hint="write ID=DIRECTORY, such as --instance web-1=.cicd/instances/web-1",
        )
    return TargetSpec(id=name, location=str((start / directory).absolute()))


def _groups(resources: Resources) -> Iterator[tuple[str, Node]]:
    for application, node in resources.section("applications").items():
        groups = node.entries.get("deploymentGroups")
        for group in groups.value.items if groups else ():
            yield application, group


def _name_of(group: Node) -> str:
    entry = group.entries.get("deploymentGroupName")
    return entry.value.text if entry else ""


def _group_id(application: str, name: str) -> str:
    # The cloud's id is random and made once; this one is the same wherever the group is read.
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"codedeploy:{application}/{name}"))


def _default(resources: Resources, name: str, application: str | None) -> DeploymentGroup:
    application = application or resources.root.resolve().name or "application"
    return DeploymentGroup(
        application_name=application, name=name, id=_group_id(application, name)
    )


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
                f"'{target.id}' and '{places[target.location]}' are the same directory",
                hint="give each instance a directory of its own",
            )
        ids[target.id] = target.location
        places[target.location] = target.id


def _read(application: str, node: Node, resources: Resources) -> DeploymentGroup:
    problems = Problems()
    fields = Fields(node, problems, room="deploy", what="deployment group")
    name = fields.required_text("deploymentGroupName")
    if not _NAME.fullmatch(name):
        problems.error(
            "deploy/group-name",
            f"'{name}' is not a name of 1 to 100 letters, digits or . _ + = , @ -",
            fields.span("deploymentGroupName"),
        )
    fields.node("applicationName")
    group_id = fields.text("deploymentGroupId", default="") or _group_id(application, name)
    config = fields.text("deploymentConfigName", default="") or DEFAULT
    events = _read_rollback(fields, problems)
    _check_style(fields, problems)
    for key in _READ_ONLY:
        fields.node(key)
    fields.unknown()
    targets = _read_instances(application, name, resources, problems)
    problems.raise_errors()
    return DeploymentGroup(
        application_name=application,
        name=name,
        id=group_id,
        config=find_config(config, resources),
        targets=targets,
        rollback_events=events,
    )


def _read_rollback(fields: Fields, problems: Problems) -> tuple[RollbackEvent, ...]:
    rollback = fields.mapping("autoRollbackConfiguration")
    if rollback is None:
        return ()
    enabled = rollback.flag("enabled", default=False)
    events = []
    for item in rollback.texts("events"):
        if item.text in set(RollbackEvent):
            events.append(RollbackEvent(item.text))
        else:
            problems.error(
                "deploy/rollback-event",
                f"'{item.text}' is not an event that rolls back",
                item.span,
                hint=f"the events are {_NAMES_OF_EVENTS}",
            )
    if enabled and not events:
        problems.error(
            "deploy/rollback-event",
            "automatic rollback is enabled for no event",
            rollback.span("events"),
            hint=f"name at least one of {_NAMES_OF_EVENTS}",
            note="InvalidAutoRollbackConfigException",
        )
    rollback.unknown()
    return tuple(events) if enabled else ()


def _check_style(fields: Fields, problems: Problems) -> None:
    style = fields.mapping("deploymentStyle")
    if style is not None:
        kind = style.choice("deploymentType", ("IN_PLACE", "BLUE_GREEN"), default="IN_PLACE")
        option = style.choice(
            "deploymentOption",
            ("WITHOUT_TRAFFIC_CONTROL", "WITH_TRAFFIC_CONTROL"),
            default="WITHOUT_TRAFFIC_CONTROL",
        )
        if kind == "BLUE_GREEN":
            problems.error(
                "deploy/blue-green",
                "blue/green deployments to servers are not carried out here",
                style.span("deploymentType"),
                hint="use 'deploymentType: IN_PLACE'",
            )
        if option == "WITH_TRAFFIC_CONTROL":
            problems.warning(
                "deploy/traffic-control",
                "there is no load balancer here: the traffic events are left out",
                style.span("deploymentOption"),
            )
        style.unknown()
    alarms = fields.mapping("alarmConfiguration")
    if alarms is not None and alarms.flag("enabled", default=False):
        problems.warning(
            "deploy/alarms", "alarms are not watched here", fields.span("alarmConfiguration")
        )
    for key in ("loadBalancerInfo", "blueGreenDeploymentConfiguration", "ecsServices"):
        fields.node(key)


def _read_instances(
    application: str, name: str, resources: Resources, problems: Problems
) -> tuple[TargetSpec, ...]:
    node = _local_group(application, name, resources)
    if node is None:
        return ()
    fields = Fields(node, problems, room="deploy", what=f"local deployment group '{name}'")
    instances = tuple(
        _read_instance(item, resources, problems) for item in fields.sequence("instances")
    )
    fields.unknown()
    return instances


def _local_group(application: str, name: str, resources: Resources) -> Node | None:
    local = resources.local
    groups = local.entries.get("deploymentGroups") if local is not None else None
    if groups is None or groups.value.kind is not NodeKind.MAPPING:
        return None
    for key in (f"{application}/{name}", name):
        if key in groups.value.entries:
            return groups.value.entries[key].value
    return None


def _read_instance(node: Node, resources: Resources, problems: Problems) -> TargetSpec:
    fields = Fields(node, problems, room="deploy", what="instance")
    name = fields.required_text("id")
    directory = fields.required_text("directory")
    endpoint = fields.text("endpoint", default="") or None
    variables: list[tuple[str, str]] = []
    environment = fields.mapping("environment")
    if environment is not None:
        variables = [(entry.key, entry.value.text) for entry in environment.entries()]
    fields.unknown()
    if name and not _NAME.fullmatch(name):
        problems.error("deploy/instance-id", f"'{name}' is not an id", fields.span("id"))
    return TargetSpec(
        id=name,
        location=str((resources.root / directory).absolute()),
        variables=tuple(variables),
        endpoint=endpoint,
    )
