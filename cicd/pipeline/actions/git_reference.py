"""CODEBUILD_CLONE_REF: an artifact that says where a commit is, instead of holding its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.engine.codec import decode, encode
from cicd.errors import UsageError
from cicd.pipeline.result import ArtifactFormat
from cicd.ports import ArtifactFile
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.pipeline.plan import ActionPlan
    from cicd.pipeline.result import StoredArtifact
    from cicd.ports import Artifact, Revision, Services

_FILE: Final = "git-reference.json"
_CLONING: Final = ("Build/AWS/CodeBuild", "Test/AWS/CodeBuild")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitReference:
    """Where a commit is."""

    directory: str  # of the repository, on this machine
    commit: str
    url: str  # of the repository's origin, for people


def refer(
    directory: Path, version: str | None, workspace: Path
) -> tuple[Revision, tuple[ArtifactFile, ...]]:
    """
    Say what a repository has as ``version``, and give the artifact's only file.

    Args:
        directory: The repository.
        version: Commit, branch or tag; None: what is checked out, which must be committed.
        workspace: Where the file may be written.

    Raises:
        UsageError: It is no repository, or only a part of one; or there is no such version.

    """
    from cicd.repos.find import open_repository

    repository = open_repository(directory)
    if repository.prefix:
        raise UsageError(
            f"{directory} is only a part of the repository {repository.root}, which is cloned "
            "whole or not at all",
            hint=f"in cicd.yml, let local.repositories name {repository.root}; or use CODE_ZIP",
        )
    if version is None and repository.describe().dirty:
        raise UsageError(
            f"{directory} has changes that are not committed, which no clone would have",
            hint="commit them, or leave out --working-tree; or use CODE_ZIP",
        )
    revision = repository.revision(version)
    reference = GitReference(directory=str(repository.root), commit=revision.id, url=revision.url)
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / _FILE).write_text(json.dumps(encode(reference)), "utf-8")
    return revision, (ArtifactFile(path=_FILE, source=workspace / _FILE),)


def clone(stored: Artifact, services: Services, into: Path) -> None:
    """
    Make the working tree that a reference means: with ``.git``, detached at the commit.

    Raises:
        UsageError: The repository, or the commit, is not there any more.

    """
    from cicd.repos.find import open_repository

    services.artifacts.unpack(stored, into)
    data = json.loads((into / _FILE).read_text("utf-8"))
    (into / _FILE).unlink()
    reference = decode(GitReference, data)
    open_repository(Path(reference.directory)).clone(reference.commit, into)


def misplaced(action: ActionPlan, taken: tuple[StoredArtifact, ...]) -> StoredArtifact | None:
    """
    Give the input that ``action`` cannot take: only CodeBuild can clone.

    Source: CodePipeline User Guide, "CodeCommit source action": OutputArtifactFormat.
    """
    if str(action.type_id) in _CLONING:
        return None
    return next((a for a in taken if a.format is ArtifactFormat.CODEBUILD_CLONE_REF), None)
