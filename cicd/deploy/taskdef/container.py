"""An element of ``containerDefinitions`` → the container that is made here."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.taskdef.definition import TaskContainer
from cicd.deploy.taskdef.kernel import read_kernel
from cicd.deploy.taskdef.no_effect import note_no_effect, warn_no_effect
from cicd.deploy.taskdef.volumes import read_mounts
from cicd.ports import (
    ContainerDependency,
    ContainerHealth,
    ContainerOrder,
    DependencyCondition,
    NetworkOptions,
)
from cicd.ports.task_order import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.taskdef.volumes import TaskVolume
    from cicd.document.fields import Fields

PLACEHOLDER: Final = re.compile(r"<([A-Za-z0-9_.-]{1,128})>")
MIB: Final = 1024 * 1024
# Their meaning is another one here: logs are the engine's, and a task has one network.
_NO_EFFECT: Final = (
    *("logConfiguration", "firelensConfiguration", "repositoryCredentials", "links"),
    *("pseudoTerminal", "disableNetworking", "versionConsistency", "credentialSpecs"),
)


def read_container(
    fields: Fields,
    images: Mapping[str, str],
    volumes: Mapping[str, TaskVolume],
    most: int | None,
) -> TaskContainer:
    """
    Read one; ``most`` is the memory of the whole task, and that of who says nothing of his own.

    Source: ECS API Reference, "ContainerDefinition".
    """
    problems = fields.problems
    name = fields.required_text("name")
    of = f"container '{name}'"
    image = images.get(name) or fields.required_text("image")
    fields.node("image")
    if PLACEHOLDER.search(image):
        problems.error(
            "deploy/task-image",
            f"nothing gives an image for the placeholder {image}",
            fields.span("image"),
            hint=f"put imageDetail.json beside the task definition, or say --image {name}=IMAGE",
        )
    memory = fields.integer("memory", 0, minimum=0)
    reservation = fields.integer("memoryReservation", 0, minimum=0)
    essential = fields.flag("essential", default=True)
    waits_for = _dependencies(fields)
    volumes_from = _volumes_from(fields)
    stop = fields.integer("stopTimeout", minimum=0, maximum=120)
    order = ContainerOrder(
        name=name,
        image=image,
        essential=essential,
        command=_words(fields, "command"),
        entry_point=_words(fields, "entryPoint"),
        environment=_pairs(fields, "environment", "value"),
        working_directory=fields.text("workingDirectory", default=""),
        user=fields.text("user", default=""),
        ports=_ports(fields),
        cpu=fields.integer("cpu", 0, minimum=0),
        memory=memory * MIB if memory else most,
        reservation=reservation * MIB if reservation else None,
        health=_health(fields),
        waits_for=waits_for,
        start_timeout=timedelta(
            seconds=fields.integer("startTimeout", int(START_TIMEOUT.total_seconds()), minimum=0)
        ),
        stop_timeout=None if stop is None else timedelta(seconds=stop),
        restarts=_restarts(fields, essential=essential, of=of),
        mounts=read_mounts(fields, volumes, problems),
        volumes_from=volumes_from,
        kernel=read_kernel(fields),
        network=NetworkOptions(
            dns=_words(fields, "dnsServers") or (),
            search=_words(fields, "dnsSearchDomains") or (),
            hosts=_pairs(fields, "extraHosts", "ipAddress", "hostname"),
            host_name=fields.text("hostname", default=""),
        ),
        labels=_mapping(fields, "dockerLabels"),
        open_stdin=fields.flag("interactive", default=False),
    )
    note_no_effect(fields, _NO_EFFECT, of=of)
    warn_no_effect(
        fields,
        "environmentFiles",
        of=of,
        so="its variables are missing",
        hint="write them under 'environment', or as 'secrets' of the local store",
    )
    warn_no_effect(
        fields,
        "resourceRequirements",
        of=of,
        so="it gets no GPU and no accelerator",
        hint="leave it out in a task definition of this machine",
    )
    secrets = _pairs(fields, "secrets", "valueFrom")
    fields.unknown()
    before = (*(each.container for each in waits_for), *(each for each, _ in volumes_from))
    return TaskContainer(order=order, secrets=secrets, depends_on=tuple(dict.fromkeys(before)))


def _ports(fields: Fields) -> tuple[int, ...]:
    ports = []
    for item in fields.sequence("portMappings"):
        mapping = fields.inner(item, what="port mapping")
        ports.append(mapping.integer("containerPort", 0, minimum=1, maximum=65535))
        for key in ("hostPort", "protocol", "name", "appProtocol", "containerPortRange"):
            mapping.node(key)
        mapping.unknown()
    return tuple(ports)


def _dependencies(fields: Fields) -> tuple[ContainerDependency, ...]:
    found = []
    for item in fields.sequence("dependsOn"):
        other = fields.inner(item, what="dependency")
        name = other.required_text("containerName")
        condition = other.choice("condition", DependencyCondition, DependencyCondition.START)
        found.append(ContainerDependency(container=name, condition=condition))
        other.unknown()
    return tuple(found)


def _volumes_from(fields: Fields) -> tuple[tuple[str, bool], ...]:
    found = []
    for item in fields.sequence("volumesFrom"):
        other = fields.inner(item, what="entry of 'volumesFrom'")
        name = other.required_text("sourceContainer")
        found.append((name, other.flag("readOnly", default=False)))
        other.unknown()
    return tuple(found)


def _restarts(fields: Fields, *, essential: bool, of: str) -> bool:
    """
    Tell whether a container is started again: as its task ends with it, or by its policy.

    Source: ECS Developer Guide, "Restart individual containers in Amazon ECS tasks".
    """
    policy = fields.mapping("restartPolicy")
    if policy is None:
        return essential
    enabled = policy.flag("enabled", default=False)
    note_no_effect(
        policy, ("ignoredExitCodes", "restartAttemptPeriod"), of=f"the restart policy of {of}"
    )
    policy.unknown()
    return essential or enabled


def _words(fields: Fields, name: str) -> tuple[str, ...] | None:
    node = fields.node(name)
    if node is None:
        return None
    return tuple(item.text for item in fields.texts(name))


def _pairs(
    fields: Fields, name: str, value: str, key: str = "name"
) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in fields.sequence(name):
        entry = fields.inner(item, what=f"entry of '{name}'")
        pairs.append((entry.required_text(key), entry.text(value, default="")))
        entry.unknown()
    return tuple(pairs)


def _mapping(fields: Fields, name: str) -> tuple[tuple[str, str], ...]:
    node = fields.node(name)
    entries = {} if node is None else node.entries
    return tuple((key, entry.value.text) for key, entry in entries.items())


def _health(fields: Fields) -> ContainerHealth | None:
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
