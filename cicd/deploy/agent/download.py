"""DownloadBundle: a revision out of the artifact store, unpacked on an instance."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.bundle import names
from cicd.deploy.agent.instance import ARCHIVE
from cicd.deploy.agent.reuse import copy_archive
from cicd.deploy.agent.stamps import write_stamps
from cicd.deploy.agent.unpack import read_entries, unpack, write_entries
from cicd.deploy.plan import BundleType
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.deploy.agent.entries import Entry
    from cicd.deploy.agent.instance import Layout
    from cicd.deploy.plan import RevisionPlan
    from cicd.ports import ArtifactStore

MAX_REVISIONS: Final = 5


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

    def onto(self, layout: Layout) -> None:
        """
        Make the archive of one instance anew, and forget the oldest ones.

        Raises:
            AgentFault: The revision cannot be unpacked.
            Unavailable: It is no longer in the artifact store.

        Source: the agent's behaviour, "DownloadBundle".
        """
        _forget_old_archives(layout)
        if layout.archive.exists():
            shutil.rmtree(layout.archive)
        if not self._reuses(layout):
            self._unpack(layout)
        layout.most_recent_install.write_text(layout.deployment_inside, "utf-8")

    def _reuses(self, layout: Layout) -> bool:
        """Take what the instance has unpacked of the same revision; False: it has not."""
        if self._had_it is None:
            return False
        earlier = Path(layout.recorded(layout.last_successful_install) or "").name
        archive = layout.group / earlier / ARCHIVE
        if not earlier or not self._had_it(earlier) or not self._is_complete(archive):
            return False
        copy_archive(archive, layout)
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

    def _unpack(self, layout: Layout) -> None:
        kind = self._revision.bundle_type
        stored = self._find()
        packed = stored
        if kind is not BundleType.DIRECTORY:
            packed = layout.bundle
            packed.unlink(missing_ok=True)
            _fetch(stored, kind, packed)
        entries = self._read(packed)
        if entries is None:
            stamps = unpack(packed, kind, layout.archive)
        else:
            stamps = write_entries(entries, kind, layout.archive)
        write_stamps(layout.unpacked, stamps)

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


def _fetch(stored: Path, kind: BundleType, packed: Path) -> None:
    if kind is BundleType.ZIP:
        shutil.copyfile(stored, packed)
        return
    with (
        zipfile.ZipFile(stored) as wrapping,
        wrapping.open(packed.name) as source,
        packed.open("wb") as file,
    ):
        shutil.copyfileobj(source, file, 1024 * 1024)


def _forget_old_archives(layout: Layout) -> None:
    recorded = layout.recorded(layout.last_successful_install) or ""
    protected = {layout.deployment.name, Path(recorded).name}
    kept = sorted(
        (path for path in layout.group.iterdir() if path.is_dir()),
        key=lambda path: (path.stat().st_mtime_ns, path.name),
    )
    surplus = len(kept) - MAX_REVISIONS
    for path in [path for path in kept if path.name not in protected][: max(0, surplus)]:
        shutil.rmtree(path)
