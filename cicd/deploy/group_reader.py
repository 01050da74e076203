"""Node → DeploymentGroup: the API's shape, and its instances from ``local.deploymentGroups``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.alarms.reader import read_alarm_configuration
from cicd.deploy.analysis.reader import with_analysis
from cicd.deploy.config import AT_ONCE, DEFAULT, PREDEFINED, PREDEFINED_PREFIX, find_config
from cicd.deploy.group import NAME, DeploymentGroup, OutdatedStrategy, group_id
from cicd.deploy.plan import RollbackEvent
from cicd.deploy.selection_reader import read_selections
from cicd.deploy.spec import ComputePlatform
from cicd.deploy.suspension_reader import read_suspension
from cicd.deploy.traffic.plan import GreenAction
from cicd.deploy.traffic.reader import Style, read_style
from cicd.deploy.trigger_reader import read_triggers
from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.problem import Problems
from cicd.document.role_arn import check_role
from cicd.ports import TargetKind, TargetSpec

if TYPE_CHECKING:
    from cicd.deploy.shift.config import ShiftConfig
    from cicd.deploy.shift.service_reader import ServiceGroup
    from cicd.document.node import Node
    from cicd.document.resources import Resources

_READ_ONLY = (
    "computePlatform",
    "lastAttemptedDeployment",
    "lastSuccessfulDeployment",
    "serviceRoleArn",
    "tags",
    "targetRevision",
)
_NAMES_OF_EVENTS = ", ".join(RollbackEvent)


def read_group(application: str, node: Node, resources: Resources) -> DeploymentGroup:
    """Read a group of ``cicd.yml``, with its instances; raises ``DocumentError``."""
    problems = Problems()
    fields = Fields(node, problems, room="deploy", what="deployment group")
    name = fields.required_text("deploymentGroupName")
    if not NAME.fullmatch(name):
        problems.error(
            "deploy/group-name",
            f"'{name}' is not a name of 1 to 100 letters, digits or . _ + = , @ -",
            fields.span("deploymentGroupName"),
        )
    fields.node("applicationName")
    own_id = fields.text("deploymentGroupId", default="") or group_id(application, name)
    config = fields.text("deploymentConfigName", default="")
    events = _read_rollback(fields, problems)
    selections = read_selections(fields, problems)
    service = _read_service(application, name, fields, resources, problems)
    functions = is_of_functions(application, config, resources)
    style = (
        Style()
        if service or fields.sequence("ecsServices") or _passed_over(fields, functions=functions)
        else read_style(fields, resources, problems)
    )
    alarms = read_alarm_configuration(fields, resources, problems)
    triggers = read_triggers(fields, resources, problems)
    fleets = _read_fleets(fields)
    hook = fields.flag("terminationHookEnabled", default=False)
    suspended = read_suspension(
        fields, problems, in_place=style.blue_green is None, has_fleets=bool(fleets)
    )
    outdated = fields.choice(
        "outdatedInstancesStrategy", OutdatedStrategy, default=OutdatedStrategy.UPDATE
    )
    for key in _READ_ONLY:
        fields.node(key)
    check_role(fields.node("serviceRoleArn"), "deploy/role-arn", problems)
    fields.unknown()
    alarms = with_analysis(alarms, _local_group(application, name, resources), problems)
    targets, green = _read_instances(application, name, resources, problems)
    options = style.blue_green
    copied = options is not None and options.green_action is GreenAction.COPY_AUTO_SCALING_GROUP
    if options is not None and not green and not copied:
        problems.error(
            "deploy/green-fleet",
            f"'{name}' has no instances that could be the replacement",
            fields.span("deploymentStyle"),
            hint=f"list them under 'local: deploymentGroups: {name}: greenInstances' of cicd.yml, "
            "or use 'action: COPY_AUTO_SCALING_GROUP'",
        )
    problems.raise_errors()
    return DeploymentGroup(
        application_name=application,
        name=name,
        id=own_id,
        config=PREDEFINED[AT_ONCE]
        if service or functions
        else find_config(config or DEFAULT, resources),
        shift=_shift(config, ComputePlatform.ECS if service else ComputePlatform.LAMBDA, resources)
        if service or functions
        else None,
        service=service,
        targets=_service_target(service) if service else targets,
        selections=selections,
        rollback_events=events,
        load_balancers=style.load_balancers,
        blue_green=style.blue_green,
        green=green,
        notes=tuple(problems),
        alarms=alarms,
        triggers=triggers,
        auto_scaling_groups=fleets,
        termination_hook=hook,
        suspended_processes=suspended,
        update_outdated=outdated is OutdatedStrategy.UPDATE,
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


def _read_fleets(fields: Fields) -> tuple[str, ...]:
    """Give names; GetDeploymentGroup answers with mappings that hold one, each."""
    names = []
    for item in fields.sequence("autoScalingGroups"):
        entry = item.entries.get("name") if item.kind is NodeKind.MAPPING else None
        names.append(entry.value.text if entry is not None else item.text)
    return tuple(dict.fromkeys(name for name in names if name))


def _read_instances(
    application: str, name: str, resources: Resources, problems: Problems
) -> tuple[tuple[TargetSpec, ...], tuple[TargetSpec, ...]]:
    """Give the instances, and those of the other environment."""
    node = _local_group(application, name, resources)
    if node is None:
        return (), ()
    fields = Fields(node, problems, room="deploy", what=f"local deployment group '{name}'")
    instances, green = (
        tuple(_read_instance(item, resources, problems) for item in fields.sequence(key))
        for key in ("instances", "greenInstances")
    )
    fields.node("analysis")
    fields.node("service")
    fields.unknown()
    return instances, green


def _read_service(
    application: str, name: str, fields: Fields, resources: Resources, problems: Problems
) -> ServiceGroup | None:
    if fields.node("ecsServices") is None:
        return None
    from cicd.deploy.shift.service_reader import read_service

    node = _local_group(application, name, resources)
    local = None
    if node is not None:
        local = Fields(node, problems, room="deploy", what=f"local group '{name}'").mapping(
            "service"
        )
    return read_service(name, fields, local, problems)


def is_of_functions(application: str, config: str, resources: Resources) -> bool:
    """Tell whether a group is for Lambda: its application says so, or its configuration does."""
    found = resources.section("applications").get(application)
    platform = found.entries.get("computePlatform") if found is not None else None
    if platform is not None:
        return platform.value.text == ComputePlatform.LAMBDA
    own = resources.find("deploymentConfigs", config) if config else None
    kind = own.entries.get("computePlatform") if own is not None else None
    written = kind.value.text if kind is not None else ""
    return written == ComputePlatform.LAMBDA or config.startswith(f"{PREDEFINED_PREFIX}Lambda")


def _passed_over(fields: Fields, *, functions: bool) -> bool:
    """Take what every group for Lambda says, and nothing here needs."""
    if functions:
        for key in ("deploymentStyle", "loadBalancerInfo", "blueGreenDeploymentConfiguration"):
            fields.node(key)
    return functions


def _shift(name: str, platform: ComputePlatform, resources: Resources) -> ShiftConfig:
    from cicd.deploy.shift.config import default_config, find_shift_config

    if not name:
        return default_config(platform)
    return find_shift_config(name, platform, resources)


def _service_target(service: ServiceGroup) -> tuple[TargetSpec, ...]:
    """A service is one target: its tasks are made, and found, by what runs them."""
    return (
        TargetSpec(
            id=service.service,
            kind=TargetKind.SERVICE,
            location=f"{service.cluster}/{service.service}",
            endpoint=f"http://{service.router.routes[0].listen}",
        ),
    )


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
    container = fields.text("container", default="")
    directory = "" if container else fields.required_text("directory")
    if container and fields.text("directory", default=""):
        problems.error(
            "deploy/instance-place",
            f"'{name}' is a directory and a container",
            fields.span("container"),
            hint="leave out one of the two",
        )
    endpoint = fields.text("endpoint", default="") or None
    zone = fields.text("zone")
    variables: list[tuple[str, str]] = []
    environment = fields.mapping("environment")
    if environment is not None:
        variables = [(entry.key, entry.value.text) for entry in environment.entries()]
    fields.unknown()
    if name and not NAME.fullmatch(name):
        problems.error("deploy/instance-id", f"'{name}' is not an id", fields.span("id"))
    return TargetSpec(
        id=name,
        kind=TargetKind.CONTAINER if container else TargetKind.DIRECTORY,
        location=container or str((resources.root / directory).absolute()),
        variables=tuple(variables),
        endpoint=endpoint,
        zone=zone,
    )
