"""How actions, stages and executions end, and what an action leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.errors import DocumentError
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.errors import UsageError


class ActionStatus(StrEnum):
    """An action that never started has no record, so no status."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABANDONED = "Abandoned"


class StageStatus(StrEnum):
    """How a stage stands in one execution."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    SKIPPED = "Skipped"


class PipelineStatus(StrEnum):
    """How a pipeline execution stands."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    SUPERSEDED = "Superseded"


UNFINISHED = (PipelineStatus.IN_PROGRESS, PipelineStatus.STOPPING)


class FailureType(StrEnum):
    """
    The ``code`` of an action's ``errorDetails``.

    All but the last are the service's; the last is ours, for work that nothing here can do.
    """

    JOB_FAILED = "JobFailed"
    CONFIGURATION_ERROR = "ConfigurationError"
    PERMISSION_ERROR = "PermissionError"
    REVISION_OUT_OF_SYNC = "RevisionOutOfSync"
    REVISION_UNAVAILABLE = "RevisionUnavailable"
    SYSTEM_UNAVAILABLE = "SystemUnavailable"
    LOCAL_UNSUPPORTED = "LocalUnsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetails:
    """Why an action failed. ``where``: the line of the document that says what failed."""

    code: FailureType
    message: str
    hint: str = ""
    where: str = ""  # "buildspec.yml:14:9"


class ArtifactFormat(StrEnum):
    """What a source action hands on: its ``OutputArtifactFormat``."""

    CODE_ZIP = "CODE_ZIP"
    CODEBUILD_CLONE_REF = "CODEBUILD_CLONE_REF"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArtifact:
    """An artifact of one execution: a name, the zip it leads to, and where that came from."""

    name: str
    digest: str  # in the artifact store
    key: str  # the object key AWS would have used
    action: str = ""  # the source action's name, for what came from outside
    revision_id: str = ""  # commit id; "" when it is not known
    revision_summary: str = ""
    revision_url: str = ""
    format: ArtifactFormat = ArtifactFormat.CODE_ZIP
    object_name: str = ""  # of an object that is no zip: the only file in the store's own


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """
    How an action ended.

    ``IN_PROGRESS`` with a ``token``: it waits for somebody's approval.
    """

    status: ActionStatus
    summary: str = ""
    external_execution_id: str = ""
    external_execution_url: str = ""
    outputs: tuple[StoredArtifact, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    error: ErrorDetails | None = None
    token: str | None = None
    updated_by: str = ""  # who answered an approval


def failed(
    code: FailureType, message: str, *, hint: str = "", where: str = "", external_id: str = ""
) -> ActionResult:
    """Make the result of an action that did not succeed."""
    return ActionResult(
        status=ActionStatus.FAILED,
        summary=message,
        external_execution_id=external_id,
        error=ErrorDetails(code=code, message=message, hint=hint, where=where),
    )


def misconfigured(refused: UsageError | DocumentError) -> ActionResult:
    """Make the result of an action whose configuration, or a document of it, was refused."""
    if isinstance(refused, DocumentError):
        first = refused.problems[0]
        return failed(
            FailureType.CONFIGURATION_ERROR,
            first.message,
            hint=first.hint or "",
            where=str(first.span),
        )
    return failed(FailureType.CONFIGURATION_ERROR, refused.message, hint=refused.hint or "")


def object_key(pipeline: str, artifact: str, digest: str) -> str:
    """
    Name the object as AWS does: the first 20 characters of the pipeline's name,
    the first 10 of the artifact's, an id of 7.

    Two artifacts may share the folder; the id keeps them apart.
    """
    return f"{pipeline[:20]}/{artifact[:10]}/{digest[:7]}"
