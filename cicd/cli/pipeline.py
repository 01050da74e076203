"""``cicd pipeline``: run a pipeline, and act on its executions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.backends.user_name import user_name
from cicd.cli.approval_prompt import approvals_here
from cicd.cli.group import Commands
from cicd.cli.offers import ids, names, runners
from cicd.cli.options import pair, shared_options
from cicd.cli.pipeline_actions import actions
from cicd.cli.pipeline_approvals import approve, reject
from cicd.cli.pipeline_graph import graph
from cicd.cli.pipeline_history import diff, executions, history, listing
from cicd.cli.pipeline_stages import (
    disable,
    enable,
    ended,
    named,
    override,
    retry,
    rollback,
)
from cicd.cli.pipeline_triggers import show_verdict, triggers, would_start
from cicd.cli.pipeline_views import logs, status
from cicd.cli.template_parameters import given_parameters, parameter_options
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd pipeline run                         the pipeline of this repository
  cicd pipeline run --revision Source=HEAD  what is checked out, whatever its branch
  cicd pipeline run infra.yml --parameter Stage=dev
  cicd pipeline run --working-tree          with the uncommitted changes
  cicd pipeline status                      the newest execution
  cicd pipeline graph --format mermaid      the pipeline as a diagram
  cicd pipeline retry-stage Build           what failed, again
""",
)
def pipeline() -> None:
    """Run a pipeline here, as CodePipeline would, and look after its executions."""


@pipeline.command(
    epilog="""\b
Examples:
  cicd pipeline run
  cicd pipeline run shop --variable stage=dev
  cicd pipeline run ci/pipeline.json --approve

An approval waits until it is answered, from another terminal with 'cicd pipeline approve'.

Exit status: 0 Succeeded, 1 it ran and did not, 2 usage, 3 the definition is invalid,
4 this machine cannot do it now.
"""
)
@click.argument(
    "definition",
    metavar="[NAME|FILE]",
    required=False,
    shell_complete=names("pipeline", section="pipelines", otherwise="file"),
)
@click.option(
    "--variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="A pipeline variable; may be repeated.",
)
@click.option(
    "--revision",
    "revisions",
    metavar="ACTION=REV",
    multiple=True,
    help="The commit, branch or tag for a source action; may be repeated.",
)
@parameter_options
@click.option("--working-tree", is_flag=True, help="Sources give uncommitted changes, too.")
@click.option(
    "--changed-since",
    metavar="REF",
    help="Only if a push of what HEAD has since REF would start it.",
)
@click.option("--approve", is_flag=True, help="Answer every manual approval with yes.")
@click.option(
    "--runner",
    metavar="docker|sandbox|host",
    help="Where builds run; else the settings', else cicd.yml's.",
    shell_complete=runners,
)
@click.option(
    "--image", metavar="IMAGE", help="For all builds, instead of their projects' images."
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Values for Parameter Store and Secrets Manager.",
)
@click.option("--profile", metavar="NAME", help="Look secrets up in AWS, too, by this profile.")
@shared_options
def run(
    invocation: Invocation,
    *,
    definition: str | None,
    variables: tuple[str, ...],
    revisions: tuple[str, ...],
    parameters: tuple[str, ...],
    parameters_file: Path | None,
    working_tree: bool,
    changed_since: str | None,
    approve: bool,
    runner: str | None,
    image: str | None,
    env_file: Path | None,
    profile: str | None,
) -> int:
    """
    Run a pipeline: its source, builds, tests, approvals and deployments.

    NAME is a pipeline of cicd.yml, FILE what `aws codepipeline get-pipeline` prints (JSON or
    YAML), or a CloudFormation template. Without either, the pipeline of this repository: the
    one of cicd.yml, else pipeline.json, pipeline.yml, codepipeline.json, ..., here or in .aws,
    else the only template below this directory that makes one.
    """
    from cicd.document.resources import Resources
    from cicd.pipeline.compile import Start
    from cicd.pipeline.definition import project_directory, start_of
    from cicd.pipeline.local_builds import LocalBuilds
    from cicd.pipeline.run import ExecutionRequest, plan_execution, start_execution

    if (
        changed_since is not None
        and not (verdict := would_start(definition, changed_since)).starts
    ):
        show_verdict(invocation, verdict)
        invocation.show.result({"started": False, **verdict.as_json()})
        return ExitCode.SUCCEEDED
    settings = invocation.settings(runner=runner)
    directory = project_directory(definition, Path.cwd())
    request = ExecutionRequest(
        definition=definition,
        directory=start_of(definition, Path.cwd(), directory),
        parameters=given_parameters(parameters, parameters_file),
        start=Start(
            variables=dict(pair(each, "NAME=VALUE", "--variable") for each in variables),
            revisions=dict(pair(each, "ACTION=REV", "--revision") for each in revisions),
            working_tree=working_tree,
            approve=approve,
            builds=LocalBuilds.chosen(settings, image),
            triggered_by=user_name(),
        ),
    )
    with invocation.services(directory, env_file=env_file, profile=profile) as services:
        planned = plan_execution(request, services, Resources.load(directory))
        invocation.means(name=planned.plan.name, **({"approve": True} if approve else {}))
        invocation.warn(planned.warnings)
        with approvals_here(invocation, services, f"pipeline/{planned.plan.execution_id}"):
            result = start_execution(planned.plan, services)
        return ended(invocation, result, services)


pipeline.add_command(listing)
pipeline.add_command(executions)
pipeline.add_command(status)
pipeline.add_command(history)
pipeline.add_command(diff)
pipeline.add_command(logs)
pipeline.add_command(graph)
pipeline.add_command(triggers)
pipeline.add_command(actions)
pipeline.add_command(approve)
pipeline.add_command(reject)
pipeline.add_command(disable)
pipeline.add_command(enable)
pipeline.add_command(retry)
pipeline.add_command(rollback)
pipeline.add_command(override)


@pipeline.command(
    epilog="""\b
Examples:
  cicd pipeline stop                     let running actions end, start nothing more
  cicd pipeline stop 1b2c3d4e --abandon  end running actions, too
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@click.option("--abandon", is_flag=True, help="Do not wait for running actions: end them.")
@click.option("--reason", default="", help="Kept with the execution; 200 characters at most.")
@shared_options
def stop(invocation: Invocation, *, execution: str | None, abandon: bool, reason: str) -> int:
    """Stop an execution; ID is its id, the beginning of it, or its pipeline's name."""
    from cicd.pipeline.run import find_execution, stop_execution

    with invocation.services() as services:
        record = find_execution(execution, services)
        invocation.means(**named(record))
        result = stop_execution(record.stream, services, abandon=abandon, reason=reason)
        invocation.show.text(f"{record.name} {result.execution_id}: {result.status}")
        invocation.show.result({"pipelineExecutionId": result.execution_id})
    return ExitCode.SUCCEEDED


@pipeline.command(
    epilog="""\b
Examples:
  cicd pipeline resume             the newest execution, if its driver died
  cicd pipeline resume 1b2c3d4e
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Values for Parameter Store and Secrets Manager.",
)
@shared_options
def resume(invocation: Invocation, *, execution: str | None, env_file: Path | None) -> int:
    """Go on with an execution whose run died; what had ended is not repeated."""
    from cicd.pipeline.run import find_execution, resume_execution

    with invocation.services(env_file=env_file) as services:
        record = find_execution(execution, services)
        if record.driven:
            raise UsageError(
                f"the execution {record.stream.partition('/')[2]} is being run by {record.driver}",
                hint="cicd pipeline status shows how it stands",
            )
        with approvals_here(invocation, services, record.stream):
            result = resume_execution(record.stream, services)
        return ended(invocation, result, services)
