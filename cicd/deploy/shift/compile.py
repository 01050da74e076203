"""Request + group of a service → DeploymentPlan; all that can be checked before it runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.deploy.compile import PlannedDeployment, rollback_events
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import BundleType, DeploymentPlan, RevisionPlan
from cicd.deploy.revision import load_appspec
from cicd.deploy.rules.services import check_service_appspec
from cicd.deploy.shift.config import default_config
from cicd.deploy.shift.plan import ServicePlan, ShiftPlan, TaskSetRef, service_events
from cicd.deploy.shift.platform import appspec_name, read_file
from cicd.deploy.spec import ComputePlatform, compute_platform
from cicd.deploy.taskdef.images import (
    IMAGE_DEFINITIONS,
    IMAGE_DETAIL,
    fill_placeholders,
    image_of_detail,
    images_of_definitions,
)
from cicd.deploy.taskdef.reader import read_task_definition
from cicd.document.problem import Problems
from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.deploy.run import DeploymentRequest
    from cicd.deploy.shift.service_reader import ServiceGroup
    from cicd.deploy.taskdef.definition import TaskDefinition
    from cicd.document.node import Node

_FIRST_IMAGE: Final = "IMAGE1_NAME"
_FAMILY: Final = re.compile(r"(?:arn:[^/]*:task-definition/)?([A-Za-z0-9_-]{1,255})(?::[0-9]+)?")
_TASK_PLACEHOLDER: Final = "<TASK_DEFINITION>"


def compile_service(
    request: DeploymentRequest, service: ServiceGroup, kind: BundleType
) -> PlannedDeployment:
    """
    Make the plan, its ids still empty.

    Raises:
        UsageError: There is no task definition or AppSpec, or the two do not fit.
        DocumentError: One of them is invalid.

    """
    group = request.group
    problems = Problems()
    node = load_appspec(
        request.revision, kind, appspec_name(request.revision, kind, request.appspec)
    )
    if compute_platform(node) is not ComputePlatform.ECS:
        raise UsageError(
            f"'{node.span.source.name}' is not for ECS, and '{group.name}' is a group of a "
            "service",
            hint="write 'Resources: [{TargetService: {Type: AWS::ECS::Service, …}}]'",
        )
    check_service_appspec(node, ComputePlatform.ECS, problems)
    problems.raise_errors()
    properties = properties_of(node)
    definition = _definition(request, service, kind, properties, problems)
    container, port = _load_balanced(properties, definition)
    plan = ServicePlan(
        name=service.service,
        cluster=service.cluster,
        definition=definition,
        container_name=container,
        container_port=port,
        desired_count=service.desired_count,
        target_groups=service.target_groups,
        router=service.router,
        original=TaskSetRef(id="", target_group=service.target_groups[1]),
        replacement=TaskSetRef(id="", target_group=service.target_groups[0]),
        drain=service.drain,
        healthy_within=service.healthy_within,
    )
    shift = ShiftPlan(
        config=request.shift or group.shift or default_config(ComputePlatform.ECS),
        options=service.options,
        hooks=hooks_of(node),
        service=plan,
    )
    return PlannedDeployment(
        plan=DeploymentPlan(
            deployment_id="",
            application_name=group.application_name,
            deployment_group_name=group.name,
            deployment_group_id=group.id,
            config=replace(group.config, name=shift.config.name),
            targets=group.targets,
            events=service_events(shift),
            revision=RevisionPlan(
                digest="", bundle_type=kind, name=request.revision_name or str(request.revision)
            ),
            appspec=request.appspec,
            creator=request.creator,
            description=request.description,
            rollback_events=rollback_events(request),
            alarms=None if request.ignore_alarms else group.alarms,
            triggers=group.triggers,
            shift=shift,
        ),
        problems=(*group.notes, *problems),
        appspec=None,
    )


def _definition(
    request: DeploymentRequest,
    service: ServiceGroup,
    kind: BundleType,
    properties: Node,
    notes: Problems,
) -> TaskDefinition:
    written = value_of(properties, "TaskDefinition")
    path = written if written.endswith(".json") else service.task_definition
    text = read_file(request.revision, kind, path)
    if text is None:
        raise UsageError(
            f"the revision '{request.revision}' has no task definition '{path}'",
            hint="put it there, as 'aws ecs register-task-definition' takes it; "
            "'taskDefinition' of the local service names another file",
        )
    given = dict(request.images)
    detail = read_file(request.revision, kind, IMAGE_DETAIL)
    if detail is not None:
        given.setdefault(_FIRST_IMAGE, image_of_detail(detail, IMAGE_DETAIL))
    listed = read_file(request.revision, kind, IMAGE_DEFINITIONS)
    images = {} if listed is None else images_of_definitions(listed, IMAGE_DEFINITIONS)
    placeholders = {name for name in given if f"<{name}>" in text}
    # What the revision brings for a placeholder that is not there is for nobody.
    images |= {
        name: image
        for name, image in given.items()
        if name not in placeholders and name != _FIRST_IMAGE
    }
    definition = read_task_definition(fill_placeholders(text, given), path, images, notes)
    family = _FAMILY.fullmatch(written)
    if family is not None and written != _TASK_PLACEHOLDER and family[1] != definition.family:
        raise UsageError(
            f"the AppSpec deploys the task definition '{family[1]}', and '{path}' is "
            f"'{definition.family}'",
            hint=f"write 'TaskDefinition: {_TASK_PLACEHOLDER}', or the family of the file",
        )
    return definition


def _load_balanced(properties: Node, definition: TaskDefinition) -> tuple[str, int]:
    balancer = _inner(properties, "LoadBalancerInfo")
    name, port = value_of(balancer, "ContainerName"), int(value_of(balancer, "ContainerPort"))
    container = definition.container(name)
    if container is None or port not in container.order.ports:
        known = ", ".join(
            f"{each.order.name}:{number}"
            for each in definition.containers
            for number in each.order.ports
        )
        raise UsageError(
            f"'{definition.name}' has no container '{name}' with the port {port} "
            "(InvalidECSServiceException)",
            hint=f"it has {known}" if known else "add 'portMappings' to the container",
        )
    return name, port


def hooks_of(node: Node) -> tuple[tuple[LifecycleEvent, str], ...]:
    """Give the function that each event calls."""
    listed = _entry(node, "Hooks")
    return tuple(
        (LifecycleEvent(event), entry.value.text)
        for item in (() if listed is None else listed.items)
        for event, entry in item.entries.items()
    )


def properties_of(node: Node) -> Node:
    """Give the properties of an AppSpec's one resource, which the rules have seen."""
    resources = _inner(node, "Resources").items
    target = next(iter(resources[0].entries.values())).value
    return _inner(target, "Properties")


def _entry(node: Node, name: str) -> Node | None:
    for key, entry in node.entries.items():
        if key.casefold() == name.casefold():
            return entry.value
    return None


def _inner(node: Node, name: str) -> Node:
    found = _entry(node, name)
    assert found is not None, "the rules have seen to it"
    return found


def value_of(node: Node, name: str) -> str:
    """Give a scalar by its key, in any case."""
    return _inner(node, name).text
