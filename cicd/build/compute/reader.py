"""What ``cicd.yml`` says of a project's compute, network and file systems, read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.compute.kinds import GIB, Size, compute_types
from cicd.build.project import ProjectFileSystem
from cicd.document.position import brief
from cicd.nearest import closest

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")
ELSEWHERE = {
    "WINDOWS": "a Linux type, such as LINUX_CONTAINER",
    "MAC": "a Linux type, such as LINUX_CONTAINER",
    "LINUX_GPU": "LINUX_CONTAINER, for builds that do without the processor of graphics",
}


def check_kind(fields: Fields, environment_type: str) -> None:
    """Warn of an environment that no build can have here; asked to build in it, we refuse."""
    instead = instead_of(environment_type)
    if instead is not None:
        fields.problems.warning(
            "build/environment-type",
            f"a build of type {environment_type} cannot run here",
            fields.span("type"),
            hint=f"give the project {instead}",
        )


def check_compute_type(node: Node | None, environment_type: str, problems: Problems) -> None:
    """
    Warn of a compute type that there is not, or not of this type of environment.

    Source: user guide, "Build environment compute modes and types".
    """
    if node is None or not node.text or node.tag:
        return
    there = compute_types(environment_type)
    if node.text in there:
        return
    known = node.text in compute_types("")
    near = None if known else closest(node.text, there)
    problems.warning(
        "build/compute-type",
        f"there is no {node.text} of type {environment_type}"
        if known
        else f"there is no compute type '{brief(node.text)}'",
        node.span,
        hint=f"did you mean '{near}'?" if near else f"there is {', '.join(there)}",
    )


def instead_of(environment_type: str) -> str | None:
    """Say what serves instead of an environment that is not to be had here; None if it is."""
    return next(
        (text for start, text in ELSEWHERE.items() if environment_type.startswith(start)), None
    )


def size_in(fields: Fields | None) -> Size | None:
    """Read ``computeConfiguration``; None where it says nothing of a size."""
    if fields is None:
        return None
    cpus = fields.integer("vCpu", minimum=1)
    memory = fields.integer("memory", minimum=1)
    for key in ("disk", "machineType", "instanceType"):
        fields.node(key)
    fields.unknown()
    if cpus is None and memory is None:
        return None
    return Size(cpus=cpus, memory=None if memory is None else memory * GIB)


def vpc_id(fields: Fields | None) -> str:
    """Read ``vpcConfig``; "" for none. Source: API Reference, "VpcConfig"."""
    if fields is None:
        return ""
    for key in ("subnets", "securityGroupIds"):
        fields.node(key)
    found = fields.text("vpcId")
    fields.unknown()
    return found


def file_systems(fields: Fields) -> tuple[ProjectFileSystem, ...]:
    """Read ``fileSystemLocations``. Source: API Reference, "ProjectFileSystemLocation"."""
    found = []
    for item in fields.sequence("fileSystemLocations"):
        inner = fields.inner(item, what="an entry of fileSystemLocations")
        inner.choice("type", ("EFS",), default="EFS")
        inner.node("mountOptions")
        file_system = ProjectFileSystem(
            identifier=inner.required_text("identifier"),
            location=inner.required_text("location"),
            mount_point=inner.required_text("mountPoint"),
        )
        inner.unknown()
        if file_system.identifier and not _IDENTIFIER.fullmatch(file_system.identifier):
            fields.problems.error(
                "build/identifier",
                f"'{file_system.identifier}' is not an identifier",
                inner.span("identifier"),
                hint="use letters, digits and underscores, 127 at most",
            )
        if file_system.mount_point and not file_system.mount_point.startswith("/"):
            fields.problems.error(
                "build/mount-point",
                f"'{file_system.mount_point}' is no absolute path",
                inner.span("mountPoint"),
                hint="begin it with '/'",
            )
        found.append(file_system)
    return tuple(found)
