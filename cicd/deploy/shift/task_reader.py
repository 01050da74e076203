"""``taskdef.json`` → TaskDefinition, its placeholders filled with the images of this revision."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.shift.task_definition import TaskContainer, TaskDefinition
from cicd.document.fields import Fields
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.ports import ContainerHealth, ContainerOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Node

IMAGE_DETAIL: Final = "imageDetail.json"
IMAGE_DEFINITIONS: Final = "imagedefinitions.json"
_PLACEHOLDER: Final = re.compile(r"<([A-Za-z0-9_.-]{1,128})>")
_MIB: Final = 1024 * 1024
# What the cloud does with its own machines; a local task has nothing of it.
_CLOUD: Final = (
    *("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu"),
    *("memory", "runtimePlatform", "tags", "placementConstraints", "pidMode", "ipcMode"),
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "ephemeralStorage", "volumes", "deregisteredAt"),
)
_CLOUD_CONTAINER: Final = (
    *("logConfiguration", "mountPoints", "volumesFrom", "ulimits", "linuxParameters"),
    *("dockerLabels", "memoryReservation", "systemControls", "startTimeout", "stopTimeout"),
    *("readonlyRootFilesystem", "resourceRequirements", "links", "hostname", "privileged"),
    *("interactive", "pseudoTerminal", "versionConsistency", "restartPolicy"),
)


def fill_placeholders(text: str, images: Mapping[str, str]) -> str:
    """
    Put images in the place of ``<IMAGE1_NAME>`` and its like; one that has none stays.

    Source: CodePipeline User Guide, "Amazon ECS and CodeDeploy blue-green deploy action".
    """
    return _PLACEHOLDER.sub(lambda found: images.get(found[1], found[0]), text)


def image_of_detail(text: str, name: str) -> str:
    """Give ``ImageURI`` of ``imageDetail.json``, an object; raises ``UsageError``."""
    match _json(text, name):
        case {"ImageURI": str(image)} if image:
            return image
    raise UsageError(
        f"'{name}' is not an object with 'ImageURI'",
        hint='write {"ImageURI": "shop:2"}; a list is what imagedefinitions.json holds',
    )


def images_of_definitions(text: str, name: str) -> dict[str, str]:
    """Give the images of ``imagedefinitions.json``, a list, by container; raises UsageError."""
    found = _json(text, name)
    images: dict[str, str] = {}
    for each in found if isinstance(found, list) else [None]:
        match each:
            case {"name": str(container), "imageUri": str(image)} if container and image:
                images[container] = image
            case _:
                raise UsageError(
                    f"'{name}' is not a list of 'name' and 'imageUri'",
                    hint='write [{"name": "web", "imageUri": "shop:2"}]; an object is what '
                    "imageDetail.json holds",
                )
    return images


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise UsageError(f"'{name}' is not JSON") from None


def read_task_definition(text: str, name: str, images: Mapping[str, str]) -> TaskDefinition:
    """
    Read a task definition; ``images`` replace those of containers, by name.

    Raises:
        DocumentError: It is wrong, with all that is wrong.

    Source: ECS API Reference, "RegisterTaskDefinition".
    """
    problems = Problems()
    fields = Fields(load_text(text, name, json=True), problems, room="deploy", what="the task")
    family = fields.required_text("family")
    for key in _CLOUD:
        fields.node(key)
    containers = tuple(
        _read_container(item, problems, images) for item in fields.sequence("containerDefinitions")
    )
    if not containers:
        problems.error(
            "deploy/task-definition",
            "the task has no container",
            fields.span("containerDefinitions"),
            hint='write "containerDefinitions": [{"name": "web", "image": "shop:1"}]',
        )
    known = {each.order.name for each in containers}
    for unknown in sorted(set(images) - known):
        problems.error(
            "deploy/task-definition",
            f"an image is given for '{unknown}', and the task has no container of that name",
            fields.span("containerDefinitions"),
            hint=f"it has {', '.join(sorted(known))}",
        )
    fields.unknown()
    problems.raise_errors()
    return TaskDefinition(family=family, containers=containers, name=name)


def _read_container(node: Node, problems: Problems, images: Mapping[str, str]) -> TaskContainer:
    fields = Fields(node, problems, room="deploy", what="container definition")
    name = fields.required_text("name")
    image = images.get(name) or fields.required_text("image")
    fields.node("image")
    if _PLACEHOLDER.search(image):
        problems.error(
            "deploy/task-image",
            f"nothing gives an image for the placeholder {image}",
            fields.span("image"),
            hint=f"put {IMAGE_DETAIL} beside the task definition, or say --image {name}=IMAGE",
        )
    for key in _CLOUD_CONTAINER:
        fields.node(key)
    ports = []
    for item in fields.sequence("portMappings"):
        mapping = fields.inner(item, what="port mapping")
        ports.append(mapping.integer("containerPort", 0, minimum=1, maximum=65535))
        for key in ("hostPort", "protocol", "name", "appProtocol", "containerPortRange"):
            mapping.node(key)
        mapping.unknown()
    memory = fields.integer("memory", 0, minimum=0)
    order = ContainerOrder(
        name=name,
        image=image,
        essential=fields.flag("essential", default=True),
        command=_words(fields, "command"),
        entry_point=_words(fields, "entryPoint"),
        environment=_pairs(fields, "environment", "value"),
        working_directory=fields.text("workingDirectory", default=""),
        user=fields.text("user", default=""),
        ports=tuple(ports),
        cpu=fields.integer("cpu", 0, minimum=0),
        memory=memory * _MIB if memory else None,
        health=_read_health(fields),
    )
    depends = []
    for item in fields.sequence("dependsOn"):
        other = fields.inner(item, what="dependency")
        depends.append(other.text("containerName", default=""))
        other.node("condition")
        other.unknown()
    secrets = _pairs(fields, "secrets", "valueFrom")
    fields.unknown()
    return TaskContainer(order=order, secrets=secrets, depends_on=tuple(depends))


def _words(fields: Fields, name: str) -> tuple[str, ...] | None:
    node = fields.node(name)
    if node is None:
        return None
    return tuple(item.text for item in fields.texts(name))


def _pairs(fields: Fields, name: str, value: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in fields.sequence(name):
        entry = fields.inner(item, what=f"entry of '{name}'")
        pairs.append((entry.required_text("name"), entry.text(value, default="")))
        entry.unknown()
    return tuple(pairs)


def _read_health(fields: Fields) -> ContainerHealth | None:
    check = fields.mapping("healthCheck")
    if check is None:
        return None
    command = _words(check, "command") or ()
    usual = ContainerHealth(command=command)
    made = ContainerHealth(
        command=command if command[:1] in (("CMD",), ("CMD-SHELL",)) else ("CMD", *command),
        interval=_seconds(check, "interval", usual.interval),
        timeout=_seconds(check, "timeout", usual.timeout),
        retries=check.integer("retries", usual.retries, minimum=1, maximum=10),
        start_period=_seconds(check, "startPeriod", usual.start_period),
    )
    check.unknown()
    return made if command else None


def _seconds(fields: Fields, name: str, usual: timedelta) -> timedelta:
    seconds = fields.integer(name, int(usual.total_seconds()), minimum=0, maximum=300)
    return timedelta(seconds=seconds)
