"""Where a build runs, beside its image and its sources. Pure, and cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.compute.kinds import Size, limits, size_of
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.build.project import Project, ProjectEnvironment

WITH_CONTAINERS = "docker"  # the runner that can limit, join networks and grant privileges


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What stands in for a VPC: a network of the engine."""

    name: str
    internal: bool = False  # it leads nowhere else


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlaces:
    """``local: networks:`` and ``local: fileSystems:`` of ``cicd.yml``."""

    networks: Mapping[str, Network] = field(default_factory=dict)  # by vpcId
    file_systems: Mapping[str, Path] = field(default_factory=dict)  # by identifier; absolute


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """One of ``fileSystemLocations``, and the directory that stands in for it."""

    identifier: str
    directory: Path
    mount_point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the runner is asked for. Part of a plan, so fields are only ever added."""

    docker: str = ""  # "socket", "nested": how a privileged build gets at an engine
    cpus: float | None = None
    memory: int | None = None  # bytes
    network: str | None = None  # None: the runner's own
    make_network: str = ""  # "open", "internal": how the network is made if it is absent
    file_systems: tuple[FileSystem, ...] = ()
    notes: tuple[str, ...] = ()  # what is other than in the cloud, a line each
    layers: str = ""  # whose images a nested engine finds again: the project's, or nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user chose for one build, and what the machine is."""

    runner: str
    network: str | None
    docker: str
    local: LocalPlaces
    home: Path  # where file systems are that nobody named a directory for
    machine: Size
    processor: str  # "x86_64", "aarch64"


def place_of(project: Project, wishes: Wishes) -> Place:
    """
    Say where a build of ``project`` runs.

    Source: user guide, "Build environment compute modes and types", "Use AWS CodeBuild with
    Amazon Virtual Private Cloud", "Amazon Elastic File System sample".
    """
    environment = project.environment
    contained = wishes.runner == WITH_CONTAINERS
    notes = _told(environment, wishes)
    limited = Size()
    if project.configured:
        limited = _size(environment, wishes, notes)
    network, make = wishes.network, ""
    if project.vpc_id and network is None:
        network, make = _vpc(project.vpc_id, wishes, notes)
    docker = ""
    if environment.privileged and contained:
        docker = wishes.docker
        notes.append(_DOCKER[docker])
    layers = project.name if docker == "nested" and keeps_layers(project) else ""
    if layers:
        notes.append("LOCAL_DOCKER_LAYER_CACHE: images of the builds before are there")
    return Place(
        docker=docker,
        layers=layers,
        cpus=limited.cpus,
        memory=limited.memory,
        network=network,
        make_network=make,
        file_systems=_file_systems(project, wishes, notes),
        notes=tuple(notes),
    )


def keeps_layers(project: Project) -> bool:
    """
    Tell whether a project wants the layers of its images kept.

    Source: user guide, "Build caching", LOCAL_DOCKER_LAYER_CACHE.
    """
    return project.cache.type == "LOCAL" and "LOCAL_DOCKER_LAYER_CACHE" in project.cache.modes


_DOCKER = {
    "socket": "privilegedMode: docker in this build uses the engine of this machine, and the "
    'sources are at the same path there; an engine of its own: setting docker = "nested"',
    "nested": "privilegedMode: this build has a Docker engine of its own; the engine of this "
    'machine: setting docker = "socket"',
}


def _size(environment: ProjectEnvironment, wishes: Wishes, notes: list[str]) -> Size:
    wanted = environment.size or size_of(environment.compute_type, environment.type)
    if wishes.runner != WITH_CONTAINERS:
        return Size()
    limited, short = limits(wanted, wishes.machine)
    if short:
        notes.append(f"{environment.compute_type} has {wanted}, this machine has {wishes.machine}")
    return limited


def _told(environment: ProjectEnvironment, wishes: Wishes) -> list[str]:
    notes = []
    on_arm = wishes.processor in {"aarch64", "arm64"}
    if environment.type.startswith("ARM") != on_arm:
        notes.append(
            f"{environment.type} is built for another processor: here it is {wishes.processor}"
        )
    return notes


def _vpc(vpc_id: str, wishes: Wishes, notes: list[str]) -> tuple[str | None, str]:
    if wishes.runner != WITH_CONTAINERS:
        notes.append(f"{vpc_id}: the {wishes.runner} runner has no networks of its own")
        return None, ""
    network = wishes.local.networks.get(vpc_id, Network(name=vpc_id))
    leads = " that leads nowhere else" if network.internal else ""
    notes.append(
        f"{vpc_id} is the Docker network '{network.name}'{leads}; "
        "subnets and security groups have no effect"
    )
    return network.name, "internal" if network.internal else "open"


def _file_systems(project: Project, wishes: Wishes, notes: list[str]) -> tuple[FileSystem, ...]:
    found = []
    for file_system in project.file_systems:
        identifier = file_system.identifier
        directory = wishes.local.file_systems.get(
            identifier, wishes.home / "file-systems" / identifier
        )
        at = file_system.mount_point
        if wishes.runner == "host":
            at = str(directory)
        notes.append(f"file system {file_system.location} is {directory}, mounted at {at}")
        found.append(FileSystem(identifier=identifier, directory=directory, mount_point=at))
    return tuple(found)
