"""What people see of an execution: how it stands, its log, and what failed."""

from __future__ import annotations

from collections import deque
from heapq import merge
from typing import TYPE_CHECKING

import click

from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.cli.pipeline_history import OPEN
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.document.problem import Problem
    from cicd.pipeline.run import ExecutionFailure, ExecutionResult
    from cicd.pipeline.state import PipelineState
    from cicd.ports import LogLine, Services


@click.command(
    epilog="""\b
Examples:
  cicd pipeline status               the newest execution
  cicd pipeline status shop          the newest of the pipeline shop
  cicd pipeline status 1b2c3d4e
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@shared_options
def status(invocation: Invocation, *, execution: str | None) -> int:
    """Show how an execution stands, stage by stage."""
    from cicd.pipeline.run import (
        execution_result,
        execution_state,
        find_execution,
        waiting_approvals,
    )

    with invocation.services() as services:
        record = find_execution(execution, services)
        state = execution_state(record.stream, services)
        result = execution_result(record.stream, services)
        waiting = waiting_approvals(record.stream, services)
        show = invocation.show
        show.text(f"{record.name} {result.execution_id}: {result.status}")
        rows = list(_rows(state, result))
        show.table(("Stage", "Action", "Status", "Execution", "Summary"), rows)
        for words in _in_front(state, services):
            show.text(words, Level.WARNING)
        for approval in waiting:
            show.text(
                f"{approval.action.key} waits until {local_time(approval.until)}: "
                f"cicd pipeline approve {result.execution_id[:8]} {approval.action.name}",
                Level.WARNING,
            )
        _show_failures(show, result, services)
    if record.status in OPEN and not record.driven:
        show.notice(f"nobody runs it: cicd pipeline resume {result.execution_id[:8]}")
    show.result(dict(result.execution))
    return ExitCode.SUCCEEDED


def _in_front(state: PipelineState, services: Services) -> Iterator[str]:
    """Say what an execution waits for in front of a stage."""
    from cicd.pipeline.admission import Admission, admit, what_is_waited_for
    from cicd.pipeline.commands import EnterStage
    from cicd.pipeline.stages import admissions

    assert state.plan is not None, "the plan is the first event"
    for command in state.running.values():
        if isinstance(command, EnterStage):
            known = admissions(state.plan.name, services)
            if admit(known, command.stage, state.plan.execution_id) is Admission.WAIT:
                yield what_is_waited_for(known, command.stage)


def _rows(state: PipelineState, result: ExecutionResult) -> Iterator[tuple[str, ...]]:
    """Give the stages, each with its actions and its conditions."""
    from cicd.pipeline.condition import ConditionStatus
    from cicd.pipeline.rule_shapes import condition_status
    from cicd.pipeline.shapes import stage_status

    assert state.plan is not None, "the plan is the first event"
    for stage in state.plan.stages:
        yield (stage.name, "", stage_status(state, stage) or "", "", "")
        for action in stage.actions():
            known = state.actions.get(action.key)
            said = known.result.summary if known and known.result else ""
            yield (
                "",
                action.name,
                known.status if known else "Didn't run",
                result.external_execution_ids.get(action.key, ""),
                said.partition("\n")[0],
            )
        for condition in stage.conditions:
            found = state.conditions.get(f"{stage.name}/{condition.gate}")
            rules = found.rules if found is not None else ()
            stands = condition_status(state, stage, condition) or "Wasn't asked"
            words = [f"{rule.name}: {rule.summary}" for rule in rules]
            if stands == ConditionStatus.FAILED:
                words.append(f"the result is {condition.result}")
            yield ("", condition.gate, stands, "", "; ".join(words))


@click.command(
    epilog="""\b
Examples:
  cicd pipeline logs             the newest execution, with its builds and deployments
  cicd pipeline logs 1b2c3d4e
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@shared_options
def logs(invocation: Invocation, *, execution: str | None) -> int:
    """Print an execution's log, with those of its builds and deployments, by time."""
    from cicd.pipeline.run import find_execution

    with invocation.services() as services:
        record = find_execution(execution, services)
        streams = [record.stream, *_children(record.stream, services)]
        for _, _, stream, line in merge(
            *(_lines(stream, place, services) for place, stream in enumerate(streams))
        ):
            invocation.show.line(stream, line)
        invocation.show.result(
            {
                "pipelineExecutionId": record.stream.partition("/")[2],
                "logs": [str(services.logs.path(stream)) for stream in streams],
            }
        )
    return ExitCode.SUCCEEDED


def show_result(show: Presenter, result: ExecutionResult, services: Services) -> None:
    """Say how an execution ended, and where to look when it did not succeed."""
    _show_failures(show, result, services)
    show.result(dict(result.execution))


_LAST_LINES = 20  # of a deployment that failed


def _show_failures(show: Presenter, result: ExecutionResult, services: Services) -> None:
    """Show a block of each action that failed, the first one first."""
    for failure in result.failures:
        _show_failure(show, failure, result.execution_id, services)
    if not result.failures:
        _show_unmet(show, result)


def _show_failure(
    show: Presenter, failure: ExecutionFailure, execution_id: str, services: Services
) -> None:
    """Say why an action failed, and show the block of what it began that failed."""
    error = failure.error
    led_to = failure.external_execution_id
    command = _failed_command(led_to, services)
    said, _, more = error.message.partition("\n")
    show.text(f"{failure.stage}/{failure.action}: {said}", Level.FAILURE)
    for line in more.splitlines():
        show.text(f"  {line}")
    if error.where and command is None:  # else its own block says where, and what helps
        show.text(f"  at {error.where}", Level.FAILURE)
    for line in error.hint.splitlines() if command is None else ():
        show.text(f"  {line}")
    if not led_to:
        return
    show.text(f"  {led_to}; its log: cicd pipeline logs {execution_id[:8]}")
    if command is not None:
        show.problems((command,))
    batch = f"build-batch/{led_to}"
    if services.log.read(batch):
        from cicd.build.batch.run import batch_result
        from cicd.cli.batch import show_what_failed

        show_what_failed(show, batch_result(batch, services).nodes, services)
    if more:  # what its script wrote, which ends the log, too
        return
    log = (line for _, line in services.logs.read(f"deployment/{led_to}"))
    for each in deque(log, maxlen=_LAST_LINES):
        show.text(f"  {each.text}")


def _show_unmet(show: Presenter, result: ExecutionResult) -> None:
    """Say which condition failed an execution whose actions did not, and what can be done."""
    from cicd.pipeline.condition import SKIP, ConditionStatus
    from cicd.pipeline.override import GATES, not_overridable
    from cicd.pipeline.result import PipelineStatus
    from cicd.pipeline.state import unmet

    state = result.state
    if result.status is not PipelineStatus.FAILED or state.plan is None or state.fault is not None:
        return
    name = f"{state.plan.name} {result.execution_id[:8]}"
    for stage in state.plan.stages:
        condition = unmet(state, stage)
        if condition is None or condition.result == SKIP:
            continue
        words = "; ".join(
            f"{rule.name}: {rule.summary}"
            for rule in state.conditions[f"{stage.name}/{condition.gate}"].rules
            if rule.status is not ConditionStatus.SUCCEEDED
        )
        show.text(
            f"{name}: Failed, as {condition.gate} of {stage.name} did not hold: {words}",
            Level.FAILURE,
        )
        for kind, gate in GATES.items():
            if gate == condition.gate and not_overridable(state, stage, gate) is None:
                show.text(
                    "  to go on all the same: cicd pipeline override-condition "
                    f"{stage.name} {result.execution_id[:8]} --type {kind}"
                )


def _failed_command(build_id: str, services: Services) -> Problem | None:
    """Give the block of the command that failed; None where there is no such build, or none."""
    from cicd.build.run import build_result
    from cicd.cli.show.failed_command import failed_command

    stream = f"build/{build_id}"
    failure = build_result(stream, services).failure if services.log.read(stream) else None
    return failed_command(failure) if failure is not None and failure.has_line else None


def _children(stream: str, services: Services) -> list[str]:
    """Give the streams that an execution's actions began, the oldest first."""
    records = [
        record
        for kind in ("build", "deployment")
        for record in services.executions.list(kind=kind)
        if record.parent is not None and record.parent.startswith(f"{stream}/")
    ]
    return [record.stream for record in sorted(records, key=lambda r: (r.created_at, r.stream))]


def _lines(
    stream: str, place: int, services: Services
) -> Iterator[tuple[datetime, tuple[int, int], str, LogLine]]:
    for offset, line in services.logs.read(stream):
        yield line.at, (place, offset), stream, line
