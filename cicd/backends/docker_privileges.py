"""What a privileged build is granted: privileges, and a Docker engine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cicd.backends import docker_layers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.backends.docker_engine import Engine
    from cicd.event import JSON
    from cicd.ports import Environment

SOCKET = "/var/run/docker.sock"
STATE = "/var/lib/docker"  # of an engine inside
# Some machines' root lacks a capability, and "privileged" then asks for too much: all the others,
# and nothing that is hidden or forbidden, are enough for an engine inside.
REFUSED = "unable to apply caps"
_LACKING = "CAP_SYS_RESOURCE"
_CAPABILITIES = (
    *("AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE"),
    *("DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE"),
    *("LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE"),
    *("NET_BROADCAST", "NET_RAW", "SETGID", "SETFCAP", "SETPCAP", "SETUID", "SYS_ADMIN"),
    *("SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO"),
    *("SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG", "WAKE_ALARM"),
)

# The engine inside is up before the driver reads its first request, as in curated images.
_NESTED = f"""\
command -v dockerd >/dev/null || {{ echo 'the image has no dockerd'; exit 1; }}
rm -f {SOCKET} /var/run/docker.pid /var/run/docker/containerd/containerd.pid
# Of the builds before, images are kept: what else they made would be in the way.
rm -rf {STATE}/volumes {STATE}/network
dockerd --host=unix://{SOCKET} --host=tcp://127.0.0.1:2375 >/var/log/docker.log 2>&1 &
waited=0
until [ -S {SOCKET} ] && {{ ! command -v docker || docker version; }} >/dev/null 2>&1; do
    waited=$((waited + 1))
    if [ $waited -gt 600 ] || ! kill -0 $! 2>/dev/null; then
        why=$(grep -m 1 'failed to start' /var/log/docker.log || tail -n 1 /var/log/docker.log)
        echo "dockerd inside did not start: $why"
        exit 1
    fi
    sleep 0.1
done
if command -v docker >/dev/null; then
    docker ps -aq | while read -r left; do docker rm -f "$left"; done >/dev/null 2>&1
fi
exec sh "$@"
"""


def entry_point(environment: Environment, driver: list[str]) -> list[JSON]:
    """Give the container's command: the driver, behind an engine if it is to have one."""
    if environment.docker == "nested":
        return ["sh", "-c", _NESTED, "sh", *driver]
    return ["sh", *driver]


def mounts(environment: Environment, engine: Engine, home: Path) -> list[JSON]:
    """Give what is mounted for the sake of Docker inside."""
    if environment.docker == "nested":
        volume: dict[str, JSON] = {"Type": "volume", "Target": STATE}
        return [docker_layers.kept(volume, environment.layers, home)]
    if environment.docker == "socket":
        # Where the engine is in a virtual machine, its socket is not where ours is.
        source = engine.path if sys.platform == "linux" else SOCKET
        return [{"Type": "bind", "Source": source, "Target": SOCKET}]
    return []


def host_settings(environment: Environment, *, lacking: bool) -> Mapping[str, JSON]:
    """Give the part of a container's settings that grants privileges."""
    if not environment.privileged or not lacking:
        return {
            "Privileged": environment.privileged,
            "SecurityOpt": ["label=disable"],  # SELinux would refuse the mounted directories
        }
    nested = environment.docker == "nested"
    return {
        # An engine inside puts its own containers' limits there.
        "Binds": ["/sys/fs/cgroup:/sys/fs/cgroup:rw"] if nested else [],
        "CapAdd": list(_CAPABILITIES),
        "SecurityOpt": ["label=disable", "seccomp=unconfined", "apparmor=unconfined"],
        "MaskedPaths": [],
        "ReadonlyPaths": [],
        "DeviceCgroupRules": ["a *:* rwm"],
        "CgroupnsMode": "host",
    }
