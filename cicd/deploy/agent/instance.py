"""An instance as the agent sees it: absolute paths of its own, and where the agent keeps what."""

from __future__ import annotations

import os
import posixpath
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.ports import InstanceTarget

ROOT: Final = "/opt/codedeploy-agent/deployment-root"
ARCHIVE: Final = "deployment-archive"
_MOST_LINKS: Final = 40
_NAMED: Final = getattr(os, "O_PATH", 0) | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = _NAMED | os.O_DIRECTORY


class InstanceDisk:
    """Answers about absolute paths of an instance; every link is followed inside it."""

    def __init__(self, target: InstanceTarget) -> None:
        """Take the instance."""
        self._target = target
        self._directories: dict[str, str] = {}
        self._kept: tuple[Path, int] | None = None

    @contextmanager
    def held(self, directory: Path) -> Iterator[int]:
        """
        Open a directory, so that what is made in it by its number is made in the instance.

        A process that a script left behind may put a link in the place of a directory between
        our look and our write; by then it is open. The last one stays so: the next is often it.

        Args:
            directory: A place that ``at`` or ``followed`` gave, or one above it.

        Raises:
            OSError: It is none, or a link has come into the way.

        """
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] == directory:
            number = kept[1]
        else:
            if kept is not None:
                os.close(kept[1])
            number = self._open(directory)
        try:
            yield number
        finally:
            self._release()
            self._kept = directory, number

    @contextmanager
    def pinned(self, place: Path) -> Iterator[str]:
        """Give a name of a file that stays that file's; where the system has none, its own."""
        if not hasattr(os, "O_PATH"):
            yield str(place)
            return
        with self.held(place.parent) as home:
            number = os.open(place.name, _NAMED, dir_fd=home)
            try:
                yield f"/proc/{os.getpid()}/fd/{number}"
            finally:
                os.close(number)

    def __del__(self) -> None:
        """Hold nothing any more."""
        self._release()

    def _release(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            os.close(kept[1])

    def _open(self, directory: Path) -> int:
        root = self.at("/")
        number = os.open(root, _DIRECTORY & ~os.O_NOFOLLOW)
        for name in directory.relative_to(root).parts:
            above = number
            try:
                number = os.open(name, _DIRECTORY, dir_fd=above)
            finally:
                os.close(above)
        return number

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

    root: Path  # ``ROOT`` of the instance, on this machine
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
        return f"{ROOT}/{self.group_id}/{self.deployment_id}"

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
    def log_places(self) -> tuple[Path, ...]:
        """The files of the logs, with the directories on the way to them."""
        ours = (self.root, self.group, self.deployment, self.script_log.parent, self.script_log)
        return (*ours, self.deployments_log.parent, self.deployments_log)

    @property
    def places(self) -> tuple[Path, ...]:
        """Every place that the agent itself writes to, with the directories on the way to it."""
        tracking = (self.tracking.parent, self.tracking)
        revision = (self.bundle, self.archive)
        replaced = self.cleanup.with_name(f"{self.cleanup.name}.new")
        states = (self.last_successful_install, self.most_recent_install, self.install_json)
        records = (self._instructions, self.cleanup, replaced, *states)
        aside = (self.aside, self.unpacked, self.installed, self.fresh)
        return (*self.log_places, *tracking, *revision, *records, *aside)

    @property
    def _instructions(self) -> Path:
        return self.root / "deployment-instructions"

    def recorded(self, file: Path) -> str | None:
        """Read one of the two state files; None: nothing is recorded."""
        try:
            return file.read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None


def replaced(places: Sequence[Path]) -> Path | None:
    """
    Give the first of the agent's own places that is a link, a pipe or a device; None: none is.

    Scripts may put one there. A link, this machine would follow from its own root and not from
    the instance's; a pipe would be waited for, and a device of a container is this machine's.
    Links in the archive are another matter: ``InstanceDisk`` follows those.
    """
    return next((place for place in places if not _is_plain(place)), None)


def _is_plain(place: Path) -> bool:
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
