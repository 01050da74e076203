"""DownloadBundle: the revision out of the store, unpacked; revisions that are too many go."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent import bundle
from cicd.deploy.plan import BundleType
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from cicd.deploy.agent.instance import Layout
    from cicd.deploy.plan import RevisionPlan
    from cicd.ports import ArtifactStore

MAX_REVISIONS: Final = 5


def download(layout: Layout, revision: RevisionPlan, artifacts: ArtifactStore) -> None:
    """
    Put a revision where the agent of one instance has it.

    Raises:
        Unavailable: It is no longer in the store.
        AgentFault: It cannot be unpacked.
        OSError: The disk is full, say.

    """
    _forget_old_archives(layout)
    artifact = artifacts.find(revision.digest)
    if artifact is None:
        raise Unavailable(
            f"the revision '{revision.name}' is no longer in the artifact store",
            hint="deploy it again from its directory or archive",
        )
    stored = artifacts.path(artifact)
    if layout.archive.exists():
        shutil.rmtree(layout.archive)
    if revision.bundle_type is BundleType.DIRECTORY:
        bundle.unpack(stored, BundleType.DIRECTORY, layout.archive)
    else:
        layout.bundle.unlink(missing_ok=True)
        if revision.bundle_type is BundleType.ZIP:
            shutil.copyfile(stored, layout.bundle)
        else:
            with (
                zipfile.ZipFile(stored) as wrapping,
                wrapping.open(layout.bundle.name) as source,
                layout.bundle.open("wb") as file,
            ):
                shutil.copyfileobj(source, file, 1024 * 1024)
        bundle.unpack(layout.bundle, revision.bundle_type, layout.archive)
    layout.most_recent_install.write_text(layout.deployment_inside, "utf-8")


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
