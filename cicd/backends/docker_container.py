"""What the docker runner asks of the engine: a container with its mounts, and its end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from cicd.backends import docker_privileges, session_mounts
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.docker_labels import HOME, SESSION, STREAM
from cicd.errors import Unavailable
from cicd.ports import MountMode

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.backends.session_directory import SessionRecord
    from cicd.event import JSON
    from cicd.ports import Environment, Mount

IO = "/codebuild/session"
SCRATCH = "/codebuild/scratch"
ROOT = "0:0"  # whatever USER an image names, as CodeBuild does


def bind(source: Path, target: str, *, read_only: bool = False) -> JSON:
    """Give a bind mount as the engine takes it."""
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only}


def mounts_of(
    mount: Mount, place: str, view: session_mounts.Overlay | None, own: Path, home: Path
) -> list[JSON]:
    """Give what one mount of an environment becomes: volumes that are overlays, else binds."""
    if view is not None:
        parts = (_volume(part, f"{place}/{part.name}") for part in view.parts)
        return [_volume(view, place), *parts]
    if mount.mode is MountMode.COPY_ON_WRITE:
        return [bind(session_mounts.copy(mount, own, home), place)]
    read_only = mount.mode is MountMode.READ_ONLY
    covers = session_mounts.covers(mount, own)
    return [
        bind(mount.source, place, read_only=read_only),
        *(bind(cover, f"{place}/{name}", read_only=True) for name, cover in covers.items()),
    ]


def _volume(view: session_mounts.Overlay, target: str) -> JSON:
    options = {"type": "overlay", "device": "overlay", "o": view.options()}
    driver: JSON = {"Name": "local", "Options": options}
    volume: JSON = {"NoCopy": True, "DriverConfig": driver}
    return {"Type": "volume", "Target": target, "VolumeOptions": volume}


def body(
    environment: Environment,
    record: SessionRecord,
    mounts: list[JSON],
    home: str,
    *,
    lacking: bool = False,
) -> JSON:
    """
    Give the whole of a container, as the engine is asked to create it.

    ``lacking``: the machine cannot grant all privileges.
    """
    trust = session_mounts.trust(environment.mounts, owner=0)
    variables = {"HOME": "/root", **trust, **environment.variables}
    host: dict[str, JSON] = {
        "Init": True,  # or a stop takes ten seconds and zombies stay
        "AutoRemove": True,  # with its volumes, once its driver has ended
        "LogConfig": {"Type": "none"},
        "Mounts": mounts,
        **docker_privileges.host_settings(environment, lacking=lacking),
    }
    if environment.network is not None:
        host["NetworkMode"] = environment.network
    if environment.cpus is not None:
        host["NanoCpus"] = round(environment.cpus * 1_000_000_000)
    if environment.memory is not None:
        host |= {"Memory": environment.memory, "MemorySwap": environment.memory}
    return {
        "Image": environment.image,
        "Entrypoint": docker_privileges.entry_point(
            environment, [f"{IO}/driver.sh", IO, record.nonce]
        ),
        "Cmd": [],
        "User": ROOT,
        "WorkingDir": SCRATCH,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": False,  # whoever attaches after us finds it open
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {SESSION: record.id, STREAM: record.stream, HOME: home},
        "HostConfig": host,
    }


def not_started(environment: Environment, words: str) -> Unavailable:
    """Say why there is no container, from the engine's words."""
    if 'exec: "sh"' in words or ("exec" in words and "No such file" in words):
        return Unavailable(
            f"image '{environment.image}' has no 'sh'",
            hint="CodeBuild needs a shell in the image: choose another with `--image`",
        )
    hint = None
    if "dockerd" in words:
        hint = 'the image needs dockerd for docker = "nested"; or set docker = "socket"'
    elif environment.network is not None and "network" in words:
        hint = "see `docker network ls`, and make it with `docker network create`"
    return Unavailable(
        f"a container of image '{environment.image}' did not start: {words}", hint=hint
    )


def make_network(engine: Engine, environment: Environment, home: str) -> None:
    """Make the network that an environment joins, unless it is there; raises ``Refused``."""
    name = environment.network
    if name is None or engine.find(f"/networks/{quote(name, safe='')}") is not None:
        return
    wanted: JSON = {
        "Name": name,
        "Driver": "bridge",
        "Internal": environment.make_network == "internal",
        "CheckDuplicate": True,
        "Labels": {HOME: home},
    }
    try:
        engine.call("POST", "/networks/create", wanted)
    except Refused as refused:
        if refused.status != 409:  # 409: another build has made it meanwhile
            raise


def create(engine: Engine, name: str, body: JSON) -> None:
    """
    Create a container; one of ours with this name that is just being removed is awaited.

    Raises ``Refused``.
    """
    query = {"name": name}
    try:
        engine.call("POST", "/containers/create", body, query=query)
    except Refused as refused:
        if refused.status != 409:
            raise
        with suppress(Refused):  # it has gone meanwhile
            engine.call("POST", f"/containers/{name}/wait", query={"condition": "removed"})
        engine.call("POST", "/containers/create", body, query=query)


def remove(engine: Engine, container: str) -> None:
    """Kill a container, and remove it with its volumes; fine when it has gone, or is going."""
    try:
        engine.call("DELETE", f"/containers/{container}", query={"force": "1", "v": "1"})
    except Refused as refused:
        if refused.status not in (404, 409):  # gone, or being removed by the engine
            raise Unavailable(
                f"container '{container}' cannot be removed: {refused.message}",
                hint=f"`docker rm --force --volumes {container}`",
            ) from None
