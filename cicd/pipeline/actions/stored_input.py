"""An input artifact in the store, where it is unless somebody took it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.pipeline.result import StoredArtifact
    from cicd.ports import Artifact, Services


def stored_input(taken: StoredArtifact, services: Services) -> Artifact:
    """Find it; raises ``UsageError`` for one that was pruned before its stage ran once more."""
    stored = services.artifacts.find(taken.digest)
    if stored is None:
        raise UsageError(
            f"the input artifact '{taken.name}' ({taken.key}) is no longer in the artifact store",
            hint="it was pruned; an execution that makes it again: cicd pipeline run",
        )
    return stored
