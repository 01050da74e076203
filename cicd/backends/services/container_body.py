"""A container of a task → what the engine is asked to create. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from cicd.ports import TaskSetOrder
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.ports import ContainerOrder, TaskMount

_SECOND: Final = 1_000_000_000  # nanoseconds
HOST: Final = "127.0.0.1"
HIDDEN: Final = "cicd.hidden"  # names of the variables whose values nothing else may show


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a container's own order does not say: whose it is, and what it is called."""

    order: TaskSetOrder
    number: int
    labels: Mapping[str, str]  # ours
    name_of: Callable[[str], str]  # a container or a volume of the task → its name at the engine
    public_port: int | None  # of this machine; None: it joins the network of another container
    joins: bool  # False beside no port: it has a network of its own


def body_of(
    container: ContainerOrder, image: str, hidden: Mapping[str, str], place: Place
) -> dict[str, JSON]:
    """Give the whole of it; ``hidden`` are variables that nothing else may show."""
    host = _host(container, place)
    body: dict[str, JSON] = {
        "Image": image,
        "Env": [f"{n}={v}" for n, v in (*container.environment, *hidden.items())],
        "Labels": {**dict(container.labels), **place.labels, **_named(hidden)},
        "HostConfig": host,
        "OpenStdin": container.open_stdin,
    }
    if place.public_port is not None:
        inside = f"{place.order.port}/tcp"
        body["ExposedPorts"] = {inside: {}}
        host["PortBindings"] = {inside: [{"HostIp": HOST, "HostPort": str(place.public_port)}]}
    if place.public_port is not None or not place.joins:
        name = container.network.host_name or f"{container.name}-{place.number}"
        body["Hostname"] = name[:63]
        host |= _network(container, place)
    else:
        host["NetworkMode"] = f"container:{place.name_of(place.order.network_owner.name)}"
    if container.command is not None:
        body["Cmd"] = list(container.command)
    if container.entry_point is not None:
        body["Entrypoint"] = list(container.entry_point)
    if container.working_directory:
        body["WorkingDir"] = container.working_directory
    if container.user:
        body["User"] = container.user
    if container.health is not None:
        check = container.health
        body["Healthcheck"] = {
            "Test": list(check.command),
            "Interval": int(check.interval.total_seconds() * _SECOND),
            "Timeout": int(check.timeout.total_seconds() * _SECOND),
            "Retries": check.retries,
            "StartPeriod": int(check.start_period.total_seconds() * _SECOND),
        }
    return body


def _host(container: ContainerOrder, place: Place) -> dict[str, JSON]:
    kernel = container.kernel
    host: dict[str, JSON] = {
        "Init": True,
        "RestartPolicy": {"Name": "unless-stopped" if container.restarts else "no"},
        "CpuShares": container.cpu,
        "CapAdd": list(kernel.capabilities),
        "CapDrop": list(kernel.without_capabilities),
        "Privileged": kernel.privileged,
        "ReadonlyRootfs": kernel.read_only_root,
        "SecurityOpt": list(kernel.security),
        "Tmpfs": dict(kernel.tmpfs),
        "Ulimits": [
            {"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in kernel.ulimits
        ],
        "Devices": [
            {"PathOnHost": path, "PathInContainer": inside, "CgroupPermissions": may}
            for path, inside, may in kernel.devices
        ],
        "Sysctls": {n: v for n, v in kernel.controls if not n.startswith("net.")},
        # A bind of this form makes a directory that is not there, as ECS promises.
        "Binds": [
            f"{each.host}:{each.target}{':ro' if each.read_only else ''}"
            for each in container.mounts
            if each.host
        ],
        "Mounts": [_volume(each, place) for each in container.mounts if not each.host],
        "VolumesFrom": [
            f"{place.name_of(name)}{':ro' if read_only else ''}"
            for name, read_only in container.volumes_from
        ],
    }
    if container.memory is not None:
        swap = kernel.swap or 0
        host |= {"Memory": container.memory, "MemorySwap": container.memory + swap}
    if container.reservation is not None:
        host["MemoryReservation"] = container.reservation
    if kernel.shared_memory is not None:
        host["ShmSize"] = kernel.shared_memory
    if kernel.swappiness is not None:
        host["MemorySwappiness"] = kernel.swappiness
    return host


def _volume(mount: TaskMount, place: Place) -> JSON:
    options: dict[str, JSON] = {} if mount.shared else {"Labels": dict(place.labels)}
    return {
        "Type": "volume",
        "Source": mount.shared or place.name_of(f"volume-{mount.volume}"),
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "VolumeOptions": options,
    }


def _network(container: ContainerOrder, place: Place) -> dict[str, JSON]:
    """Give what the network of the task is told; who joins it can say nothing of it itself."""
    all_ = place.order.containers if place.public_port is not None else (container,)
    controls = {
        name: value
        for each in all_
        for name, value in each.kernel.controls
        if name.startswith("net.")
    }
    return {
        "Sysctls": {
            **{n: v for n, v in container.kernel.controls if not n.startswith("net.")},
            **controls,
        },
        "Dns": list(dict.fromkeys(ip for each in all_ for ip in each.network.dns)),
        "DnsSearch": list(dict.fromkeys(n for each in all_ for n in each.network.search)),
        "ExtraHosts": [f"{n}:{ip}" for each in all_ for n, ip in each.network.hosts],
    }


def _named(hidden: Mapping[str, str]) -> dict[str, str]:
    return {HIDDEN: json.dumps([*hidden])} if hidden else {}
