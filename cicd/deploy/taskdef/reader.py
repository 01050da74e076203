"""``taskdef.json`` → TaskDefinition, its placeholders filled with the images of this revision."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.deploy.taskdef.container import MIB, read_container
from cicd.deploy.taskdef.definition import TaskDefinition
from cicd.deploy.taskdef.no_effect import note_no_effect
from cicd.deploy.taskdef.volumes import read_volumes
from cicd.document.fields import Fields
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.ports import DependencyCondition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.taskdef.definition import TaskContainer

_MEMORY: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(GB)?", re.IGNORECASE)
# What the cloud does with its own machines and its own accounts; a local task has nothing of it.
_NO_EFFECT: Final = (
    *("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu"),
    *("runtimePlatform", "tags", "placementConstraints", "pidMode", "ipcMode"),
    *("proxyConfiguration", "ephemeralStorage", "inferenceAccelerators", "enableFaultInjection"),
)
# What the service answers of a task definition, and nobody asks for.
_ANSWERED: Final = (
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt"),
)
_ENDS: Final = (DependencyCondition.COMPLETE, DependencyCondition.SUCCESS)


def read_task_definition(
    text: str, name: str, images: Mapping[str, str], notes: Problems | None = None
) -> TaskDefinition:
    """
    Read a task definition; ``images`` replace those of containers, by name.

    Args:
        text: The JSON.
        name: What people know it by.
        images: By container.
        notes: Gets what is no mistake and yet worth knowing: keys that have no effect here.

    Raises:
        DocumentError: It is wrong, with all that is wrong.

    Source: ECS API Reference, "RegisterTaskDefinition".
    """
    problems = Problems()
    fields = Fields(load_text(text, name, json=True), problems, room="deploy", what="the task")
    family = fields.required_text("family")
    for key in _ANSWERED:
        fields.node(key)
    note_no_effect(fields, _NO_EFFECT, of="the task")
    volumes, most = read_volumes(fields, problems), _memory(fields)
    containers = tuple(
        read_container(fields.inner(item, what="container definition"), images, volumes, most)
        for item in fields.sequence("containerDefinitions")
    )
    if not containers:
        problems.error(
            "deploy/task-content",
            "the task has no container",
            fields.span("containerDefinitions"),
            hint='write "containerDefinitions": [{"name": "web", "image": "shop:1"}]',
        )
    known = {each.order.name for each in containers}
    for unknown in sorted(set(images) - known):
        problems.error(
            "deploy/task-content",
            f"an image is given for '{unknown}', and the task has no container of that name",
            fields.span("containerDefinitions"),
            hint=f"it has {', '.join(sorted(known))}",
        )
    _check_dependencies(fields, containers)
    fields.unknown()
    problems.raise_errors()
    if notes is not None:
        for problem in problems:
            notes.add(problem)
    return TaskDefinition(family=family, containers=containers, name=name)


def _memory(fields: Fields) -> int | None:
    """Give the bytes of a whole task: "512" are MiB, "1 GB" is what it says."""
    text = fields.text("memory", default="")
    if not text:
        return None
    written = _MEMORY.fullmatch(text)
    if written is None:
        fields.problems.error(
            "deploy/task-content",
            f"'memory' of the task is '{text}'",
            fields.span("memory"),
            hint='write MiB as "512", or "1 GB"',
        )
        return None
    return int(float(written[1]) * MIB * (1024 if written[2] else 1)) or None


def _check_dependencies(fields: Fields, containers: tuple[TaskContainer, ...]) -> None:
    """
    Refuse what could never be met.

    Source: ECS API Reference, "ContainerDependency".
    """
    known = {each.order.name: each for each in containers}
    for container in containers:
        for name in container.depends_on:
            if name not in known:
                _refuse(fields, container, f"on '{name}', and the task has no such container")
        for each in container.order.waits_for:
            other = known.get(each.container)
            if other is None:
                continue
            if each.condition in _ENDS and other.order.essential:
                _refuse(
                    fields,
                    container,
                    f"on {each.condition} of '{each.container}', which is essential: the task "
                    "ends with it",
                )
            if each.condition is DependencyCondition.HEALTHY and other.order.health is None:
                _refuse(
                    fields,
                    container,
                    f"on HEALTHY of '{each.container}', which has no 'healthCheck'",
                )
    left = {name: set(each.depends_on) & set(known) for name, each in known.items()}
    while ready := [name for name, others in left.items() if not others & set(left)]:
        for name in ready:
            del left[name]
    for name in left:
        _refuse(fields, known[name], "on what depends on it")


def _refuse(fields: Fields, container: TaskContainer, what: str) -> None:
    fields.problems.error(
        "deploy/task-dependency",
        f"container '{container.order.name}' depends {what}",
        fields.span("containerDefinitions"),
        hint="look at 'dependsOn' and 'volumesFrom' of the container",
    )
