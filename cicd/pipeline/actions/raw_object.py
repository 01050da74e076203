"""An artifact that is no zip: an object of S3 that a source handed on as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.pipeline.actions.stored_input import stored_input

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.pipeline.plan import ActionPlan
    from cicd.pipeline.result import StoredArtifact
    from cicd.ports import Services

_TAKING: Final = ("Deploy/AWS/S3",)


def raw_object(taken: StoredArtifact, services: Services, workspace: Path) -> Path | None:
    """Give the object's own bytes, unpacked into ``workspace``; None for an artifact that is
    a zip."""
    if not taken.object_name:
        return None
    stored = stored_input(taken, services)
    services.artifacts.unpack(stored, workspace / "raw")
    return workspace / "raw" / taken.object_name


def not_a_zip(action: ActionPlan, taken: tuple[StoredArtifact, ...]) -> StoredArtifact | None:
    """
    Give the input that ``action`` cannot open; only who passes objects on can take such one.

    Source: CodePipeline User Guide, "Amazon S3 source action": the object is to be one zip.
    """
    if str(action.type_id) in _TAKING:
        return None
    return next((artifact for artifact in taken if artifact.object_name), None)
