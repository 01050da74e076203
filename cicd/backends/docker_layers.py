"""
What nested engines keep between builds: a volume of the engine for each project that wants it.

Two engines cannot share one, so whoever comes second begins without.
A note in the home says which volumes there are, so that nobody asks an engine about none.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from cicd.backends import docker_engine, docker_labels
from cicd.backends.docker_engine import Engine, Refused
from cicd.backends.session_directory import SessionDirectory
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.event import JSON

ENDING = 10.0  # seconds that an engine may take to remove a container that has ended
_PREFIX = "cicd-layers-"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLayers:
    """The layers of one project."""

    project: str
    used: datetime  # when a build began with them


def volume_of(project: str, home: Path) -> str:
    """Give the name of the volume that holds a project's layers."""
    return f"{_PREFIX}{docker_labels.home_label(home)}-{project}"


def kept(volume: dict[str, JSON], project: str, home: Path) -> JSON:
    """Give a mounted volume that outlives its container; of no project, one that does not."""
    if not project:
        return volume
    note = home / "cache" / "layers" / project
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch()
    labels: JSON = {docker_labels.HOME: docker_labels.home_label(home)}
    options: JSON = {"Labels": labels}
    return {**volume, "Source": volume_of(project, home), "VolumeOptions": options}


def without(mounts: list[JSON]) -> list[JSON]:
    """Give the same mounts with an empty volume in the place of one that is kept."""

    def emptied(mount: JSON) -> JSON:
        assert isinstance(mount, dict)
        if not str(mount.get("Source", "")).startswith(_PREFIX):
            return mount
        return {"Type": mount["Type"], "Target": mount["Target"]}

    return [emptied(mount) for mount in mounts]


def taken(engine: Engine, project: str, home: Path, container: str) -> bool:
    """
    Tell whether another container than ``container``, which is made already, has the layers.

    One whose session is over is waited for. Raises ``Refused``.
    """
    filters = f'{{"volume":["{volume_of(project, home)}"]}}'
    deadline = time.monotonic() + ENDING
    while True:
        listed = engine.call("GET", "/containers/json", query={"all": "1", "filters": filters})
        others = [
            each
            for each in cast("list[Mapping[str, JSON]]", listed)
            if f"/{container}" not in cast("list[str]", each["Names"])
        ]
        if not others:
            return False
        if time.monotonic() > deadline or any(_in_use(each, home) for each in others):
            return True
        time.sleep(0.02)


def _in_use(container: Mapping[str, JSON], home: Path) -> bool:
    labels = cast("Mapping[str, str]", container["Labels"])
    session = labels.get(docker_labels.SESSION, "")
    return SessionDirectory.find(home, session, "docker") is not None


def layers_of(home: Path) -> list[KeptLayers]:
    """Give the layers that are kept, by project; no engine is asked."""
    with suppress(FileNotFoundError):
        return [
            KeptLayers(
                project=note.name, used=datetime.fromtimestamp(note.stat().st_mtime, tz=UTC)
            )
            for note in sorted((home / "cache" / "layers").iterdir())
        ]
    return []


def remove_layers(project: str, home: Path) -> bool:
    """Remove a project's layers; False: a build uses them. Raises ``Unavailable``."""
    engine = Engine(docker_engine.endpoint())
    try:
        engine.call("DELETE", f"/volumes/{volume_of(project, home)}")
    except Refused as refused:
        if refused.status == 409:
            return False
        if refused.status != 404:
            raise
    (home / "cache" / "layers" / project).unlink(missing_ok=True)
    return True
