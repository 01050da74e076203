"""``cicd pipeline disable-transition``, ``retry-stage`` and their like: one stage at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.backends.user_name import user_name
from cicd.cli.any_case import AnyCase
from cicd.cli.approval_prompt import approvals_here
from cicd.cli.offers import ids, names, stages
from cicd.cli.options import shared_options
from cicd.cli.pipeline_views import show_result
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.run import ExecutionResult
    from cicd.pipeline.spec import PipelineDeclaration
    from cicd.ports import ExecutionRecord, Services

_PIPELINE = click.option(
    "--pipeline",
    "definition",
    metavar="NAME|FILE",
    help="Which pipeline; else the one of this repository.",
    shell_complete=names("pipeline", section="pipelines", otherwise="file"),
)


@click.command(
    name="disable-transition",
    epilog="""\b
Example:
  cicd pipeline disable-transition Prod --reason "not on a Friday"
""",
)
@click.argument("stage", shell_complete=stages)
@click.option("--reason", required=True, help="Told to whoever waits; 1 to 300 characters.")
@_PIPELINE
@shared_options
def disable(invocation: Invocation, *, stage: str, reason: str, definition: str | None) -> int:
    """
    Let no execution into STAGE until its transition is enabled again.

    Executions wait in front of it, InProgress; with the mode SUPERSEDED the newest replaces
    the one that waits.
    """
    from cicd.pipeline.stages import disable_transition

    with invocation.services() as services:
        spec = _declaration(definition)
        invocation.means(pipelineName=spec.name)
        state = disable_transition(spec, stage, services, reason=reason, by=user_name())
    invocation.show.text(f"{spec.name}: the transition to {stage} is disabled", Level.WARNING)
    invocation.show.result({"stageName": stage, "inboundTransitionState": state})
    return ExitCode.SUCCEEDED


@click.command(
    name="enable-transition",
    epilog="""\b
Example:
  cicd pipeline enable-transition Prod
""",
)
@click.argument("stage", shell_complete=stages)
@_PIPELINE
@shared_options
def enable(invocation: Invocation, *, stage: str, definition: str | None) -> int:
    """Let executions into STAGE again; the one that waits in front of it enters at once."""
    from cicd.pipeline.stages import enable_transition

    with invocation.services() as services:
        spec = _declaration(definition)
        invocation.means(pipelineName=spec.name)
        state = enable_transition(spec, stage, services)
    invocation.show.text(f"{spec.name}: the transition to {stage} is enabled", Level.SUCCESS)
    invocation.show.result({"stageName": stage, "inboundTransitionState": state})
    return ExitCode.SUCCEEDED


@click.command(
    name="retry-stage",
    epilog="""\b
Examples:
  cicd pipeline retry-stage Build                       of the newest execution
  cicd pipeline retry-stage Build 1b2c3d4e --mode ALL_ACTIONS
""",
)
@click.argument("stage", shell_complete=stages)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@click.option(
    "--mode",
    type=AnyCase(("FAILED_ACTIONS", "ALL_ACTIONS")),
    default="FAILED_ACTIONS",
    show_default=True,
    help="What of the stage runs again.",
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Values for Parameter Store and Secrets Manager.",
)
@shared_options
def retry(
    invocation: Invocation, *, stage: str, execution: str | None, mode: str, env_file: Path | None
) -> int:
    """
    Begin a failed or stopped STAGE again, in the same execution, and go on to its end.

    Actions that succeeded keep their artifacts with FAILED_ACTIONS.
    """
    from cicd.pipeline.commands import RetryMode
    from cicd.pipeline.run import execution_state
    from cicd.pipeline.stages import retry_stage

    with invocation.services(env_file=env_file) as services:

        def again(stream: str) -> None:
            plan = execution_state(stream, services).plan
            assert plan is not None, "execution_state asks for one"
            now = _known_now(plan)
            retry_stage(stream, services, stage=stage, mode=RetryMode(mode), now_is=now)

        return _go_on(invocation, services, execution, again, f"{stage} is retried")


@click.command(
    name="override-condition",
    epilog="""\b
Examples:
  cicd pipeline override-condition Prod --type BEFORE_ENTRY
  cicd pipeline override-condition Prod 1b2c3d4e --type ON_SUCCESS
""",
)
@click.argument("stage", shell_complete=stages)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@click.option(
    "--type",
    "kind",
    type=AnyCase(("BEFORE_ENTRY", "ON_SUCCESS")),
    required=True,
    help="Which condition of the stage.",
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Values for Parameter Store and Secrets Manager.",
)
@shared_options
def override(
    invocation: Invocation, *, stage: str, execution: str | None, kind: str, env_file: Path | None
) -> int:
    """
    Let STAGE go on although its condition does not hold, in the same execution, to its end.

    A stage that was skipped stays so, and one whose actions failed has nothing to override.
    """
    from cicd.pipeline.stages import override_condition

    with invocation.services(env_file=env_file) as services:
        return _go_on(
            invocation,
            services,
            execution,
            lambda stream: override_condition(stream, services, stage=stage, kind=kind),
            f"{stage} goes on",
        )


@click.command(
    name="rollback-stage",
    epilog="""\b
Example:
  cicd pipeline rollback-stage Prod --to 1b2c3d4e
""",
)
@click.argument("stage", shell_complete=stages)
@click.option(
    "--to",
    "target",
    metavar="ID",
    required=True,
    help="The execution to go back to.",
    shell_complete=ids("pipeline"),
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Values for Parameter Store and Secrets Manager.",
)
@shared_options
def rollback(invocation: Invocation, *, stage: str, target: str, env_file: Path | None) -> int:
    """
    Run STAGE again with the artifacts and variables of an earlier execution.

    A new execution of the type ROLLBACK does it, and runs that stage only. The earlier one must
    have succeeded in the stage, with the pipeline's structure of today.
    """
    from cicd.pipeline.rollback import plan_rollback
    from cicd.pipeline.run import execution_state, find_execution, start_execution

    with invocation.services(env_file=env_file) as services:
        record = find_execution(target, services)
        stream = record.stream
        invocation.means(
            pipelineName=record.name, targetPipelineExecutionId=stream.partition("/")[2]
        )
        before = execution_state(stream, services).plan
        assert before is not None, "execution_state asks for one"
        plan = plan_rollback(
            stream,
            services,
            stage=stage,
            now_is=_known_now(before),
            by=user_name(),
        )
        with approvals_here(invocation, services, f"pipeline/{plan.execution_id}"):
            result = start_execution(plan, services)
        return ended(invocation, result, services)


def _go_on(
    invocation: Invocation,
    services: Services,
    execution: str | None,
    ask: Callable[[str], None],
    what: str,
) -> int:
    """Ask an execution for something, and carry it on to its end if nobody else does."""
    from cicd.pipeline.run import find_execution, resume_execution

    record = find_execution(execution, services)
    execution_id = record.stream.partition("/")[2]
    invocation.means(**named(record))
    ask(record.stream)
    record = find_execution(execution_id, services)  # as it is driven now
    if record.driven:
        invocation.show.text(f"{record.name}: {what} by {record.driver}")
        invocation.show.result({"pipelineExecutionId": execution_id})
        return ExitCode.SUCCEEDED
    with approvals_here(invocation, services, record.stream):
        result = resume_execution(record.stream, services)
    return ended(invocation, result, services)


def _declaration(definition: str | None) -> PipelineDeclaration:
    from cicd.document.resources import Resources
    from cicd.pipeline.definition import find_definition, project_directory, start_of
    from cicd.pipeline.from_template import inspect

    directory = project_directory(definition, Path.cwd())
    start = start_of(definition, Path.cwd(), directory)
    resources = Resources.load(directory)
    return inspect(find_definition(definition, resources, start), {}, resources)[0]


def _known_now(plan: PipelinePlan) -> PipelineDeclaration | None:
    """Read what the pipeline says today; one that was run from a file of any name is not found."""
    from cicd.document.cloudformation.parameters import Given
    from cicd.document.resources import Resources
    from cicd.pipeline.definition import find_definition
    from cicd.pipeline.from_template import inspect

    root = Path(plan.root)
    resources = Resources.load(root)
    try:
        found = find_definition(plan.name, resources, root, Given(parameters=plan.parameters))
    except UsageError:
        return None
    return inspect(found, plan.parameters, resources)[0]


def named(record: ExecutionRecord) -> dict[str, JSON]:
    """Give the parameters by which AWS's calls name an execution."""
    return {
        "pipelineName": record.name,
        "pipelineExecutionId": record.stream.partition("/")[2],
    }


def ended(invocation: Invocation, result: ExecutionResult, services: Services) -> int:
    """Show how an execution ended, and give the exit status of that."""
    from cicd.cli.home.retention import keep_to_limits
    from cicd.pipeline.result import FailureType, PipelineStatus

    keep_to_limits(invocation.settings(services.home.parent), services, invocation.show)
    show_result(invocation.show, result, services)
    if result.status is PipelineStatus.SUCCEEDED:
        return ExitCode.SUCCEEDED
    failure = result.failure
    if failure is not None and failure.error.code is FailureType.SYSTEM_UNAVAILABLE:
        return ExitCode.UNAVAILABLE
    return ExitCode.FAILED
