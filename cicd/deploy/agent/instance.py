"""An instance as the agent sees it: absolute paths of its own, and where the agent keeps what."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.held import Held
from cicd.document.instances import AGENT_ROOT
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.ports import InstanceTarget

ARCHIVE: Final = "deployment-archive"
_MOST_LINKS: Final = 40


class InstanceDisk(Held):
    """Answers about absolute paths of an instance; every link is followed inside it."""

    def __init__(self, target: InstanceTarget) -> None:
        """Take the instance."""
        super().__init__(target.path("/"))
        self._target = target
        self._directories: dict[str, str] = {}

    def at(self, path: str) -> Path:
        """Give the place on this machine; a link at its very end is not followed."""
        return self._target.path(path)

    def followed(self, path: str) -> Path:
        """Give the place on this machine, with links at its end followed too."""
        for _ in range(_MOST_LINKS):
            place = self._target.path(path)
            if not place.is_symlink():
                return place
            text = str(place.readlink())
            path = text if text.startswith("/") else f"{posixpath.dirname(path)}/{text}"
        raise AgentFault(f"Too many levels of symbolic links - {path}")

    def exists(self, path: str) -> bool:
        """Tell whether something is there; a dangling link is nothing."""
        return self.followed(path).exists()

    def is_directory(self, path: str) -> bool:
        """Tell whether a directory, or a link to one, is there."""
        return self.followed(path).is_dir()

    def children(self, path: str) -> Sequence[tuple[str, bool]]:
        """Give the names in a directory, sorted, each with whether it is (a link to) one."""
        with os.scandir(self.followed(path)) as found:
            return sorted(
                (each.name, self.is_directory(f"{path}/{each.name}"))
                if each.is_symlink()
                else (each.name, each.is_dir())
                for each in found
            )

    def directory(self, path: str) -> str | None:
        """
        Give the place of a directory on this machine; None: none is there, or a link to one.

        Asked for once: for as long as nothing but Install or its cleanup works on the disk.
        """
        known = self._directories.get(path)
        if known is None:
            place = self._target.path(path)
            if not place.is_dir() or place.is_symlink():
                return None
            known = self._directories[path] = str(place)
        return known

    def forget(self, path: str) -> None:
        """Know no longer where a directory is: it is about to be removed."""
        self._directories.pop(path, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """
    Where the agent keeps what, for one deployment on one instance.

    Source: the agent's behaviour, "Layout"; the mixed separators are its own.
    """

    root: Path  # ``AGENT_ROOT`` of the instance, on this machine
    group_id: str
    deployment_id: str

    @property
    def group(self) -> Path:
        """All deployments of the group."""
        return self.root / self.group_id

    @property
    def deployment(self) -> Path:
        """The directory of this deployment."""
        return self.group / self.deployment_id

    @property
    def deployment_inside(self) -> str:
        """The same, as a path of the instance."""
        return f"{AGENT_ROOT}/{self.group_id}/{self.deployment_id}"

    @property
    def bundle(self) -> Path:
        """The revision as it came; always this name, whatever it is packed as."""
        return self.deployment / "bundle.tar"

    @property
    def archive(self) -> Path:
        """The revision, unpacked."""
        return self.deployment / ARCHIVE

    @property
    def script_log(self) -> Path:
        """What the scripts of this deployment printed."""
        return self.deployment / "logs" / "scripts.log"

    @property
    def deployments_log(self) -> Path:
        """What the scripts of all deployments printed."""
        return self.root / "deployment-logs" / "codedeploy-agent-deployments.log"

    @property
    def tracking(self) -> Path:
        """Is there while an event of this deployment runs."""
        return self.root / "ongoing-deployment" / self.deployment_id

    @property
    def install_json(self) -> Path:
        """The last instructions of the group."""
        return self._instructions / f"{self.group_id}-install.json"

    @property
    def cleanup(self) -> Path:
        """What the last Install of the group put on the disk, a path a line."""
        return self._instructions / f"{self.group_id}-cleanup"

    @property
    def last_successful_install(self) -> Path:
        """Holds the directory of the deployment whose Install ended last."""
        return self._instructions / f"{self.group_id}_last_successful_install"

    @property
    def most_recent_install(self) -> Path:
        """Holds the directory of the deployment that was downloaded last."""
        return self._instructions / f"{self.group_id}_most_recent_install"

    @property
    def aside(self) -> Path:
        """Where we keep what the agent does not: beside its root, which is AWS's to lay out."""
        return self.root.parent / "cicd"

    @property
    def unpacked(self) -> Path:
        """The stamps of the archive that was unpacked last."""
        return self.aside / f"{self.group_id}-unpacked.json"

    @property
    def installed(self) -> Path:
        """The stamps of what the last Install copied."""
        return self.aside / f"{self.group_id}-installed.json"

    @property
    def fresh(self) -> Path:
        """Where a directory may be made, to see what a fresh one is."""
        return self.aside / f"{self.group_id}-fresh"

    @property
    def _instructions(self) -> Path:
        return self.root / "deployment-instructions"
