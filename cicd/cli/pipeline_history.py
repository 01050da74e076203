"""``cicd pipeline list``, ``executions``, ``history``, ``diff``: what there is, and what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.offers import ids, names, stages
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.pipeline.state import PipelineState
    from cicd.ports import Services

OPEN = ("InProgress", "Stopping")


@click.command(name="list", epilog="\b\nExample:\n  cicd pipeline list\n")
@shared_options
def listing(invocation: Invocation) -> int:
    """List pipelines: those of this repository, and those that were ever run here."""
    from pathlib import Path

    from cicd.pipeline.definition import project_directory
    from cicd.pipeline.known import pipelines

    with invocation.services() as services:
        records = services.executions.list(kind="pipeline")
        found = pipelines(project_directory(None, Path.cwd()), services)
        rows = []
        newest = {record.name: record for record in reversed(records)}
        for shape in found:
            name = str(shape["name"])
            last = newest.get(name)
            rows.append(
                (
                    name,
                    str(shape.get("pipelineType", "")),
                    str(shape.get("executionMode", "")),
                    str(last.number if last else 0),
                    last.status if last else "Never ran",
                    local_time(last.created_at if last else None),
                )
            )
    invocation.show.table(("Pipeline", "Type", "Mode", "Runs", "Newest", "Started"), rows)
    if not rows:
        invocation.show.notice("no pipeline here, and none was run; 'cicd pipeline run --help'")
    invocation.show.result({"pipelines": [*found]})
    return ExitCode.SUCCEEDED


@click.command(
    epilog="""\b
Examples:
  cicd pipeline executions
  cicd pipeline executions shop --limit 5
"""
)
@click.argument("name", required=False, shell_complete=names("pipeline"))
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many."
)
@click.option(
    "--succeeded-in",
    "stage",
    metavar="STAGE",
    help="Only those that got through it.",
    shell_complete=stages,
)
@shared_options
def executions(invocation: Invocation, *, name: str | None, limit: int, stage: str | None) -> int:
    """List executions, the newest first; of the pipeline NAME if it is given."""
    from cicd.pipeline.run import execution_state
    from cicd.pipeline.shapes import execution_summary, succeeded_in

    with invocation.services() as services:
        rows: list[tuple[str, ...]] = []
        summaries: list[JSON] = []
        for record in services.executions.list(kind="pipeline", name=name):
            state = execution_state(record.stream, services)
            if stage is not None and not succeeded_in(state, stage):
                continue
            shape = execution_summary(state)
            left = record.status in OPEN and not record.driven
            rows.append(
                (
                    record.stream.partition("/")[2][:8],
                    record.name,
                    str(record.number),
                    record.status,
                    local_time(record.created_at),
                    _took(state),
                    "nobody runs it" if left else _revisions(state),
                )
            )
            summaries.append(shape)
            if len(rows) == limit:
                break
    show = invocation.show
    show.table(("ID", "Pipeline", "No.", "Status", "Started", "Took", "Revision"), rows)
    if not rows:
        show.notice("no execution yet; cicd pipeline run starts one")
    show.result({"pipelineExecutionSummaries": summaries})
    return ExitCode.SUCCEEDED


@click.command(
    epilog="""\b
Examples:
  cicd pipeline history             of the newest execution
  cicd pipeline history 1b2c3d4e    every attempt of every action
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@shared_options
def history(invocation: Invocation, *, execution: str | None) -> int:
    """List what an execution's actions did, attempt by attempt, the newest first."""
    from cicd.pipeline.run import execution_result, find_execution

    with invocation.services() as services:
        record = find_execution(execution, services)
        details = execution_result(record.stream, services).execution["actionExecutionDetails"]
    assert isinstance(details, list), "made by action_executions"
    invocation.show.table(
        ("Stage", "Action", "Status", "Started", "Took", "Made", "Summary"),
        [_history_row(each) for each in details],
    )
    invocation.show.result({"actionExecutionDetails": details})
    return ExitCode.SUCCEEDED


@click.command(
    epilog="""\b
Examples:
  cicd pipeline diff                        the newest, and the one of that pipeline before it
  cicd pipeline diff 1b2c3d4e 5f6a7b8c

Exit status: 0 nothing differs but durations, 1 something does.
"""
)
@click.argument("one", metavar="[A]", required=False, shell_complete=ids("pipeline"))
@click.argument("other", metavar="[B]", required=False, shell_complete=ids("pipeline"))
@shared_options
def diff(invocation: Invocation, *, one: str | None, other: str | None) -> int:
    """Compare two executions: revisions, variables, statuses and durations."""
    from cicd.pipeline.difference import difference

    with invocation.services() as services:
        before, after = _two(one, other, services)
    found = difference(before, after)
    show = invocation.show
    assert before.plan is not None, "asked for executions that have one"
    assert after.plan is not None, "the same"
    show.text(f"{before.plan.name} {before.plan.execution_id}: {before.status()}")
    show.text(f"{after.plan.name} {after.plan.execution_id}: {after.status()}")
    show.table(
        ("What", "", "Before", "After", ""),  # an id in capitals would be none
        [(each.kind, each.name, each.before, each.after, each.words) for each in found],
    )
    differ = [each for each in found if each.kind != "took"]
    if not differ:
        show.notice("nothing differs but durations" if found else "nothing differs")
    show.result(
        {
            "pipelineExecutionIds": [before.plan.execution_id, after.plan.execution_id],
            "differences": [
                {"what": each.kind, "name": each.name, "before": each.before, "after": each.after}
                for each in found
            ],
        }
    )
    return ExitCode.FAILED if differ else ExitCode.SUCCEEDED


def _two(
    one: str | None, other: str | None, services: Services
) -> tuple[PipelineState, PipelineState]:
    from cicd.pipeline.run import execution_state, find_execution

    newest = find_execution(other or one, services)
    if other is not None:
        streams = [find_execution(one, services).stream, newest.stream]
    else:
        known = services.executions.list(kind="pipeline", name=newest.name)
        place = [record.stream for record in known].index(newest.stream)
        if place + 1 == len(known):
            raise UsageError(
                f"'{newest.name}' has no execution before {newest.stream.partition('/')[2][:8]}",
                hint="name two: cicd pipeline diff A B",
            )
        streams = [known[place + 1].stream, newest.stream]
    before, after = (execution_state(stream, services) for stream in streams)
    return before, after


def _took(state: PipelineState) -> str:
    from cicd.pipeline.drawing.seen import duration

    if state.started_at is None or state.updated_at is None:
        return ""
    return duration((state.updated_at - state.started_at).total_seconds())


def _revisions(state: PipelineState) -> str:
    return ", ".join(
        f"{artifact.revision_id[:8]} {artifact.revision_summary}".strip().partition("\n")[0]
        for artifact in state.artifacts.values()
        if artifact.action and artifact.revision_id
    )


def _history_row(detail: JSON) -> tuple[str, ...]:
    from datetime import datetime

    from cicd.pipeline.drawing.seen import duration

    assert isinstance(detail, dict), "made by action_executions"
    start, end = (
        datetime.fromisoformat(str(detail[key])) for key in ("startTime", "lastUpdateTime")
    )
    output = detail["output"]
    assert isinstance(output, dict), "the same"
    outcome, made = output["executionResult"], output["outputArtifacts"]
    assert isinstance(outcome, dict), "the same"
    summary = str(outcome.get("externalExecutionSummary", "")).partition("\n")[0]
    return (
        str(detail["stageName"]),
        str(detail["actionName"]),
        str(detail["status"]),
        local_time(start),
        duration((end - start).total_seconds()),
        ", ".join(str(each["name"]) for each in made) if isinstance(made, list) else "",
        summary,
    )
