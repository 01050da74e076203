"""DownloadBundle: a revision out of the artifact store, unpacked on an instance."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cicd.deploy.agent.bundle import names
from cicd.deploy.agent.configuration import check_archive
from cicd.deploy.agent.instance import ARCHIVE
from cicd.deploy.agent.reuse import entries_of
from cicd.deploy.agent.stamps import write_stamps
from cicd.deploy.agent.unpack import read_entries, unpack, write_entries
from cicd.deploy.plan import BundleType
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.deploy.agent.configuration import AgentConfiguration
    from cicd.deploy.agent.entries import Entry
    from cicd.deploy.agent.instance import InstanceDisk, Layout
    from cicd.deploy.agent.own_files import OwnFiles
    from cicd.deploy.agent.stamps import Stamped
    from cicd.deploy.plan import RevisionPlan
    from cicd.ports import ArtifactStore


class Download:
    """
    One revision for all instances of a deployment; safe from any thread.

    A revision that is not large is read once, however many instances get it. They share no
    file: a hook may write to its own archive.

    Args:
        revision: What.
        artifacts: Where it is.
        instances: How many get it.
        had_it: Whether a deployment was of the same revision: an instance takes what it has
            unpacked then; None: no instance does.

    """

    def __init__(
        self,
        revision: RevisionPlan,
        artifacts: ArtifactStore,
        instances: int,
        *,
        had_it: Callable[[str], bool] | None = None,
    ) -> None:
        """Look at nothing yet."""
        self._had_it = had_it
        self._names: tuple[str, ...] | None = None
        self._revision = revision
        self._artifacts = artifacts
        self._lock = threading.Lock()
        self._stored: Path | None = None
        self._entries: tuple[Entry, ...] | None = None
        self._shared = instances > 1  # and not found to be too large

    def onto(
        self,
        layout: Layout,
        disk: InstanceDisk,
        files: OwnFiles,
        configuration: AgentConfiguration,
    ) -> None:
        """
        Make the archive of one instance anew, and forget the oldest ones.

        Args:
            layout: Where the agent keeps what.
            disk: The instance's.
            files: The agent's own on it.
            configuration: The agent's.

        Raises:
            AgentFault: The revision cannot be unpacked, or the instance will not have it.
            Unavailable: It is no longer in the artifact store.

        Source: the agent's behaviour, "DownloadBundle".
        """
        _forget_old_archives(layout, files, configuration.max_revisions)
        files.remove_tree(layout.archive)
        files.remove(layout.bundle)
        if not (configuration.enable_archive_reuse and self._reuses(layout, disk, files)):
            write_stamps(files, layout.unpacked, self._unpacked(layout, disk, files))
        check_archive(layout.archive, configuration)
        files.write(layout.most_recent_install, layout.deployment_inside)

    def _reuses(self, layout: Layout, disk: InstanceDisk, files: OwnFiles) -> bool:
        """Take what the instance has unpacked of the same revision; False: it has not."""
        if self._had_it is None:
            return False
        earlier = Path(files.recorded(layout.last_successful_install) or "").name
        archive = layout.group / earlier / ARCHIVE
        if not earlier or not self._had_it(earlier) or not self._is_complete(archive):
            return False
        # A copy, not the archive itself: the earlier deployment's stays whole, to go back to.
        entries = entries_of(archive, disk)
        stamps = write_entries(entries, BundleType.DIRECTORY, layout.archive, disk)
        files.copy(archive.with_name(layout.bundle.name), layout.bundle)
        write_stamps(files, layout.unpacked, stamps)
        return True

    def _is_complete(self, archive: Path) -> bool:
        try:
            stored = self._find()
        except Unavailable:
            return archive.is_dir()  # there is nothing to compare it with
        with self._lock:
            if self._names is None:
                self._names = tuple(names(stored, self._revision.bundle_type))
        return all(os.path.lexists(archive / name) for name in self._names)

    def _unpacked(self, layout: Layout, disk: InstanceDisk, files: OwnFiles) -> dict[str, Stamped]:
        kind, stored = self._revision.bundle_type, self._find()
        if kind is BundleType.DIRECTORY:
            return self._written(stored, layout, disk)
        number = files.open(layout.bundle, os.O_WRONLY | os.O_CREAT)
        with os.fdopen(number, "wb") as file, _packed(stored, kind, layout.bundle.name) as source:
            shutil.copyfileobj(source, file, 1024 * 1024)
        with disk.pinned(layout.bundle) as name:
            return self._written(Path(name), layout, disk)

    def _written(self, packed: Path, layout: Layout, disk: InstanceDisk) -> dict[str, Stamped]:
        kind = self._revision.bundle_type
        entries = self._read(packed)
        if entries is None:
            return unpack(packed, kind, layout.archive, disk)
        return write_entries(entries, kind, layout.archive, disk)

    def _find(self) -> Path:
        with self._lock:
            if self._stored is None:
                artifact = self._artifacts.find(self._revision.digest)
                if artifact is None:
                    raise Unavailable(
                        f"the revision '{self._revision.name}' is no longer in the artifact store",
                        hint="deploy it again from its directory or archive",
                    )
                self._stored = self._artifacts.path(artifact)
            return self._stored

    def _read(self, packed: Path) -> tuple[Entry, ...] | None:
        with self._lock:
            if self._shared and self._entries is None:
                self._entries = read_entries(packed, self._revision.bundle_type)
                self._shared = self._entries is not None
            return self._entries


@contextmanager
def _packed(stored: Path, kind: BundleType, name: str) -> Iterator[IO[bytes]]:
    if kind is BundleType.ZIP:
        with stored.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(stored) as wrapping, wrapping.open(name) as file:
        yield file


def _forget_old_archives(layout: Layout, files: OwnFiles, most: int) -> None:
    recorded = files.recorded(layout.last_successful_install) or ""
    protected = {layout.deployment.name, Path(recorded).name}
    kept = files.directories(layout.group)
    surplus = len(kept) - most
    for name in [name for name in kept if name not in protected][: max(0, surplus)]:
        files.remove_tree(layout.group / name)
