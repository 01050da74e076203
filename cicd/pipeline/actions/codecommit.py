"""
Sources that are git repositories: CodeCommit, connections, GitHub.

All three mean a repository on this machine: the one that ``local.repositories`` of ``cicd.yml``
names, else, in a pipeline with a single source, the one that the definition stands in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.action_type import Category
from cicd.pipeline.actions.workspace import as_code_zip
from cicd.pipeline.local import repositories
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Artifact, Revision, Services, Source

CLONE = "CODEBUILD_CLONE_REF"


class RepositorySource:
    """A source action of one provider. What differs is how its configuration spells things."""

    def __init__(
        self,
        *,
        repository: Callable[[Mapping[str, str]], str],
        branch: str,
        variables: Callable[[Mapping[str, str], Revision], Mapping[str, str]],
    ) -> None:
        """Say how to read the repository's name, the branch's key, and what it gives on."""
        self._repository = repository
        self._branch = branch
        self._variables = variables

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Take the branch's head (or the revision that the start asked for) as a zip."""
        del scope
        configuration = request.configuration
        if configuration.get("OutputArtifactFormat") == CLONE:
            return failed(
                FailureType.LOCAL_UNSUPPORTED,
                f"the output format {CLONE} is not carried out here yet",
                hint="use CODE_ZIP; the commit is in CODEBUILD_RESOLVED_SOURCE_VERSION",
            )
        name = self._repository(configuration)
        directory = find_repository(request, name)
        source = (services.working_tree if request.plan.working_tree else services.source)(
            directory
        )
        version = request.plan.revisions.get(request.action.name) or self._default(request, source)
        tree = request.workspace / "tree"
        tree.mkdir(parents=True, exist_ok=True)
        try:
            revision = source.fetch(version, tree)
        except UsageError as unknown:
            return failed(
                FailureType.REVISION_UNAVAILABLE,
                f"{name}: {unknown.message}",
                hint=f"--revision {request.action.name}=HEAD takes what is checked out",
            )
        artifact = services.artifacts.put(as_code_zip(tree))
        request.say(f"{request.action.name}: {name} at {_words(revision, version)}")
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=revision.message.partition("\n")[0],
            external_execution_id=revision.id,
            outputs=tuple(
                _stored(request, output, artifact, revision) for output in request.action.outputs
            ),
            variables=self._variables(configuration, revision),
        )

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Fetch again: nothing was handed on the first time."""
        return self.run(request, services, scope)

    def _default(self, request: ActionRequest, source: Source) -> str | None:
        """Name the configured branch; a directory outside git, or a working tree, has none."""
        if request.plan.working_tree or not source.describe().id:
            return None
        return request.configuration[self._branch]


def find_repository(request: ActionRequest, name: str) -> Path:
    """
    Find the directory of a repository; raises ``UsageError`` with the lines that are missing.

    "owner/repo" is looked up whole, then by its last part.
    """
    root = Path(request.plan.root)
    known = repositories(Resources.load(root))
    for spelling in (name, name.rpartition("/")[2]):
        if spelling in known:
            return (root / known[spelling]).resolve()
    sources = [
        action for action in request.plan.actions() if action.type_id.category == Category.SOURCE
    ]
    if len(sources) == 1:
        return root
    raise UsageError(
        f"the pipeline has {len(sources)} sources, and nothing says where '{name}' is",
        hint=f"in cicd.yml: local: {{repositories: {{{name}: path/to/it}}}}",
    )


def _stored(
    request: ActionRequest, output: str, artifact: Artifact, revision: Revision
) -> StoredArtifact:
    return StoredArtifact(
        name=output,
        digest=artifact.digest,
        key=object_key(request.plan.name, output, artifact.digest),
        action=request.action.name,
        revision_id=revision.id,
        revision_summary=revision.message.rstrip("\n"),
        revision_url=revision.url,
    )


def _words(revision: Revision, version: str | None) -> str:
    text = revision.id[:8] or "its present content"
    if version and not revision.id.startswith(version):
        text = f"{text} ({version})"
    return f"{text}, with uncommitted changes" if revision.dirty else text


def _date(text: str) -> str:
    """Give a date as the service does: "2019-10-29T03:32:21Z"."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _commit(revision: Revision, branch: str) -> dict[str, str]:
    return {
        "AuthorDate": _date(revision.author_date),
        "BranchName": branch,
        "CommitId": revision.id,
        "CommitMessage": revision.message.rstrip("\n"),
    }


def _code_commit(configuration: Mapping[str, str], revision: Revision) -> Mapping[str, str]:
    return {
        **_commit(revision, configuration["BranchName"]),
        "CommitterDate": _date(revision.committer_date),
        "RepositoryName": configuration["RepositoryName"],
    }


def _connection(configuration: Mapping[str, str], revision: Revision) -> Mapping[str, str]:
    return {
        **_commit(revision, configuration["BranchName"]),
        "ConnectionArn": configuration["ConnectionArn"],
        "FullRepositoryName": configuration["FullRepositoryId"],
    }


def _github(configuration: Mapping[str, str], revision: Revision) -> Mapping[str, str]:
    return {
        **_commit(revision, configuration["Branch"]),
        "CommitterDate": _date(revision.committer_date),
        "CommitUrl": revision.url,
        "RepositoryName": configuration["Repo"],
    }


CODE_COMMIT = RepositorySource(
    repository=lambda configuration: configuration["RepositoryName"],
    branch="BranchName",
    variables=_code_commit,
)
CONNECTION = RepositorySource(
    repository=lambda configuration: configuration["FullRepositoryId"],
    branch="BranchName",
    variables=_connection,
)
GITHUB = RepositorySource(
    repository=lambda configuration: f"{configuration['Owner']}/{configuration['Repo']}",
    branch="Branch",
    variables=_github,
)
