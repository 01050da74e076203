"""``cicd pipeline triggers``: what starts a pipeline, and whether a push would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.offers import names
from cicd.cli.options import shared_options
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.document.resources import Resources
    from cicd.event import JSON
    from cicd.pipeline.push import PipelineVerdict
    from cicd.pipeline.spec import PipelineDeclaration
    from cicd.pipeline.triggers import GitEvent
    from cicd.repos.git import Repository


@click.command(
    epilog="""\b
Examples:
  cicd pipeline triggers                              what starts the pipelines here
  cicd pipeline triggers --explain main~3..main       a push of three commits to main
  cicd pipeline triggers --changed-since origin/main  a push of the branch checked out
  cicd pipeline triggers --explain v1..v2             a push of the tag v2
  cicd pipeline triggers --changed-since main --pull-request OPEN --into main
"""
)
@click.argument(
    "definition",
    metavar="[NAME|FILE]",
    required=False,
    shell_complete=names("pipeline", section="pipelines", otherwise="file"),
)
@click.option(
    "--explain",
    metavar="REF..REF",
    help="Say what a push from one commit to another starts; nothing before the dots: "
    "a new branch.",
)
@click.option(
    "--changed-since",
    metavar="REF",
    help="The same for what HEAD has since it left REF.",
)
@click.option("--branch", metavar="NAME", help="The branch that is pushed; else what REF says.")
@click.option(
    "--pull-request",
    "pull_request",
    type=AnyCase(("OPEN", "UPDATED", "CLOSED")),
    help="Not a push: what happens to a pull request of that branch.",
)
@click.option("--into", metavar="BRANCH", help="Where the pull request leads to.")
@shared_options
def triggers(
    invocation: Invocation,
    *,
    definition: str | None,
    explain: str | None,
    changed_since: str | None,
    branch: str | None,
    pull_request: str | None,
    into: str | None,
) -> int:
    """
    Say what starts the pipelines here, or whether a push would start them, and why.

    Nothing is started. With NAME or FILE only that pipeline is looked at.
    """
    from cicd.document.resources import Resources
    from cicd.pipeline.definition import project_directory

    directory = project_directory(definition, Path.cwd())
    resources = Resources.load(directory)
    specs = _pipelines(definition, resources, directory)
    if explain is None and changed_since is None:
        return _list(invocation, specs)
    from cicd.pipeline.push import judge
    from cicd.repos.find import open_repository

    repository = open_repository(directory)
    event = _event(
        repository,
        explain,
        changed_since,
        branch=branch,
        pull_request=pull_request,
        into=into,
    )
    found = [judge(spec, resources, event, repository.root) for spec in specs]
    count = "no list of files" if event.files is None else _counted(len(event.files))
    invocation.show.notice(f"{event}, {count}")
    for verdict in found:
        show_verdict(invocation, verdict)
    listed: list[JSON] = [verdict.as_json() for verdict in found]
    files: list[JSON] = [*(event.files or ())]
    invocation.show.result({"event": str(event), "files": files, "pipelines": listed})
    return ExitCode.SUCCEEDED


def would_start(definition: str | None, since: str) -> PipelineVerdict:
    """Say whether a push of what ``HEAD`` has since it left a commit starts a pipeline."""
    from cicd.document.resources import Resources
    from cicd.pipeline.definition import find_definition, project_directory, start_of
    from cicd.pipeline.from_template import inspect
    from cicd.pipeline.push import judge
    from cicd.repos.find import open_repository

    directory = project_directory(definition, Path.cwd())
    resources = Resources.load(directory)
    found = find_definition(definition, resources, start_of(definition, Path.cwd(), directory))
    repository = open_repository(directory)
    event = _event(repository, None, since, branch=None, pull_request=None, into=None)
    spec = inspect(found, {}, resources)[0]
    return judge(spec, resources, event, repository.root)


def show_verdict(invocation: Invocation, verdict: PipelineVerdict) -> None:
    """Say what a pipeline makes of an event, and why."""
    show = invocation.show
    word = "starts" if verdict.starts else "does not start"
    show.text(f"{verdict.pipeline}: {word}", Level.SUCCESS if verdict.starts else Level.INFO)
    for source in verdict.sources:
        for each in source.verdicts:
            mark = "yes" if each.starts else "no"
            show.text(f"  {source.action}: {mark}: {each.why}")


def _pipelines(
    definition: str | None, resources: Resources, directory: Path
) -> list[PipelineDeclaration]:
    from cicd.pipeline.definition import every_definition, find_definition, start_of
    from cicd.pipeline.from_template import inspect

    if definition is None:
        found = every_definition(resources, directory)
        if not found:
            raise UsageError(
                "there is no pipeline definition here",
                hint="'cicd init' writes one; or name a file: what aws codepipeline get-pipeline "
                "prints",
            )
    else:
        start = start_of(definition, Path.cwd(), directory)
        found = (find_definition(definition, resources, start),)
    return [spec for each in found for spec in inspect(each, {}, resources)]


def _list(invocation: Invocation, specs: list[PipelineDeclaration]) -> int:
    from cicd.pipeline.action_type import Category
    from cicd.pipeline.push import describe_source
    from cicd.pipeline.rules.structure import actions_of

    rows = [
        (spec.name, action.name, line)
        for spec in specs
        for action in actions_of(spec)
        if action.type_id.category == Category.SOURCE
        for line in describe_source(action, spec)
    ]
    invocation.show.table(("Pipeline", "Source", "Started by"), rows)
    listed: list[JSON] = [
        {"pipelineName": pipeline, "actionName": action, "startedBy": line}
        for pipeline, action, line in rows
    ]
    invocation.show.result({"triggers": listed})
    return ExitCode.SUCCEEDED


def _counted(files: int) -> str:
    return f"{files} changed {'file' if files == 1 else 'files'}"


def _event(
    repository: Repository,
    explain: str | None,
    changed_since: str | None,
    *,
    branch: str | None,
    pull_request: str | None,
    into: str | None,
) -> GitEvent:
    from cicd.pipeline.triggers import GitEvent, PullRequestEvent

    if explain is not None and changed_since is not None:
        raise UsageError(
            "--explain and --changed-since say the same in two ways", hint="give one of them"
        )
    before, after = _ends(explain) if explain is not None else (changed_since or "", "HEAD")
    head = repository.revision(None if after in ("", "HEAD") else after)
    if changed_since is not None:
        before = repository.fork(before, head.id)
    files = repository.changed(repository.resolve(before), head.id) if before else None
    named = branch or head.branch
    if pull_request is not None:
        base = into or repository.default_branch()
        if not base:
            raise UsageError(
                "nothing says where the pull request leads to", hint="name it with --into BRANCH"
            )
        return GitEvent(
            branch=base,
            from_branch=named,
            pull_request=PullRequestEvent(pull_request),
            files=files,
        )
    if branch is None and after not in ("", "HEAD") and repository.is_tag(after):
        return GitEvent(tag=after.removeprefix("refs/tags/"), files=files)
    if not named:
        raise UsageError(
            f"'{after}' is no branch, so nothing says which one is pushed",
            hint="name it with --branch NAME",
        )
    return GitEvent(branch=named, files=files)


def _ends(text: str) -> tuple[str, str]:
    before, dots, after = text.partition("..")
    if not dots or after.startswith("."):
        raise UsageError(
            f"--explain '{text}' is not REF..REF", hint="write --explain main~1..main, say"
        )
    return before, after or "HEAD"
