"""
Sources that are git repositories: CodeCommit, connections, GitHub.

All three mean the repository that ``local.repositories`` of ``cicd.yml`` names, a directory or a
URL, else, in a pipeline with a single source, the one that the definition stands in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.action_type import Category
from cicd.pipeline.actions.git_reference import refer
from cicd.pipeline.actions.workspace import as_code_zip
from cicd.pipeline.repositories import find_repository, repository_name
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    ArtifactFormat,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.pipeline.variable_limits import MAX_RESOLVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Artifact, ArtifactFile, Revision, Services, Source


class RepositorySource:
    """A source action of one provider. What differs is how its configuration spells things."""

    def __init__(
        self,
        *,
        branch: str,
        variables: Callable[[Mapping[str, str], Revision], Mapping[str, str]],
    ) -> None:
        """Say which key names the branch, and what variables it gives on."""
        self._branch = branch
        self._variables = variables

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Take the branch's head (or the revision that the start asked for): files, or a note."""
        del scope
        configuration = request.configuration
        asked = configuration.get("OutputArtifactFormat", ArtifactFormat.CODE_ZIP)
        if asked not in tuple(ArtifactFormat):
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"'{asked}' is not an OutputArtifactFormat",
                hint=f"write {' or '.join(ArtifactFormat)}",
            )
        form = ArtifactFormat(asked)
        name = repository_name(request.action.type_id.provider, configuration)
        place = _place(request, name)
        directory = place if isinstance(place, Path) else _mirrored(place, services)
        working_tree = request.plan.working_tree and directory == place
        if request.plan.working_tree and not working_tree:
            request.say(f"{request.action.name}: {name} is elsewhere, so its branch is taken")
        try:
            revision, files, version = self._take(
                request, services, directory, form, working_tree=working_tree
            )
        except UsageError as unknown:
            return failed(
                FailureType.REVISION_UNAVAILABLE,
                f"{name}: {unknown.message}",
                hint=_advice(unknown, request.action.name, services.source(directory))
                if form is ArtifactFormat.CODE_ZIP
                else unknown.hint or "",
            )
        artifact = services.artifacts.put(files)
        request.say(f"{request.action.name}: {name} at {_words(revision, version)}")
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=revision.message.partition("\n")[0],
            external_execution_id=revision.id,
            outputs=tuple(
                _stored(request, output, artifact, revision, form)
                for output in request.action.outputs
            ),
            variables=self._variables(configuration, revision),
        )

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Fetch again: nothing was handed on the first time."""

    def _take(
        self,
        request: ActionRequest,
        services: Services,
        directory: Path,
        form: ArtifactFormat,
        *,
        working_tree: bool,
    ) -> tuple[Revision, Iterable[ArtifactFile], str | None]:
        """Give what was taken, what goes into the artifact, and the version that was asked for."""
        plan = request.plan
        version = plan.revisions.get(request.action.name)
        branch = None if working_tree else request.configuration[self._branch]
        if form is ArtifactFormat.CODEBUILD_CLONE_REF:
            version = version or branch
            return *refer(directory, version, request.workspace), version
        source = (services.working_tree if working_tree else services.source)(directory)
        version = version or branch
        tree = request.workspace / "tree"
        tree.mkdir(parents=True, exist_ok=True)
        return source.fetch(version, tree), as_code_zip(tree), version


def _advice(unknown: UsageError, action: str, source: Source) -> str:
    """Say what to do; where something is checked out, that can be taken instead."""
    try:
        source.describe()
    except UsageError:
        return unknown.hint or ""
    return f"{unknown.hint}; --revision {action}=HEAD takes what is checked out"


def _place(request: ActionRequest, name: str) -> Path | str:
    root = Path(request.plan.root)
    sources = sum(action.type_id.category == Category.SOURCE for action in request.plan.actions())
    return find_repository(Resources.load(root), root, name, sources=sources)


def _mirrored(url: str, services: Services) -> Path:
    from cicd.repos.mirror import mirror

    return mirror(url, services.home / "repositories")


def _stored(
    request: ActionRequest,
    output: str,
    artifact: Artifact,
    revision: Revision,
    form: ArtifactFormat,
) -> StoredArtifact:
    return StoredArtifact(
        name=output,
        digest=artifact.digest,
        key=object_key(request.plan.name, output, artifact.digest),
        action=request.action.name,
        revision_id=revision.id,
        revision_summary=revision.message.rstrip("\n"),
        revision_url=revision.url,
        format=form,
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


def _cut(message: str) -> str:
    """Keep as much of a message as the service does, in whole characters."""
    return message.encode()[:MAX_RESOLVED].decode(errors="ignore")


def _commit(revision: Revision, branch: str) -> dict[str, str]:
    return {
        "AuthorDate": _date(revision.author_date),
        "BranchName": branch,
        "CommitId": revision.id,
        "CommitMessage": _cut(revision.message.rstrip("\n")),
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
    branch="BranchName",
    variables=_code_commit,
)
CONNECTION = RepositorySource(
    branch="BranchName",
    variables=_connection,
)
GITHUB = RepositorySource(
    branch="Branch",
    variables=_github,
)
