"""What is known of an execution, over or not: found by its id, folded from its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.pipeline.commands import numbered
from cicd.pipeline.process import PipelineProcess
from cicd.pipeline.result import ActionStatus, ErrorDetails, PipelineStatus
from cicd.pipeline.shapes import pipeline_execution
from cicd.pipeline.state import PipelineState
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.ports import ExecutionRecord, Services


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailure:
    """An action that failed, and why."""

    stage: str
    action: str
    error: ErrorDetails  # its ``where`` is the failing command's line, if there is one
    external_execution_id: str  # of the build or the deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """What is known of an execution, over or not."""

    execution_id: str
    stream: str
    status: PipelineStatus
    failures: tuple[ExecutionFailure, ...]  # the first to fail first
    external_execution_ids: Mapping[str, str]  # commits, builds, deployments, by "Stage/Action"
    state: PipelineState

    @property
    def failure(self) -> ExecutionFailure | None:
        """Give what failed first; None: no action did."""
        return next(iter(self.failures), None)

    @property
    def execution(self) -> Mapping[str, JSON]:
        """GetPipelineExecution, with "actionExecutionDetails"; made when somebody asks."""
        return pipeline_execution(self.state, self.external_execution_ids)


def find_execution(id_or_name: str | None, services: Services) -> ExecutionRecord:
    """
    Find an execution by its id, a beginning of it, or its pipeline's name (then the newest).

    ``None``: the newest of all, or the one whose action began it. Raises ``UsageError`` when there
    is none, or several are meant.
    """
    if id_or_name is None:
        newest = services.executions.list(kind="pipeline", limit=1)
        records = [_begun_by(record, services) for record in newest]
    else:
        records = services.executions.list(kind="pipeline", name=id_or_name, limit=1)
        found = None if records else services.executions.find("pipeline", id_or_name)
        records = [found] if found else records
    if not records:
        if id_or_name is None:
            raise UsageError(
                "there is no pipeline execution yet", hint="'cicd pipeline run' starts one"
            )
        raise UsageError(
            f"there is no pipeline execution '{id_or_name}' (PipelineExecutionNotFoundException)",
            hint="'cicd pipeline executions' shows them all",
        )
    return records[0]


def _begun_by(record: ExecutionRecord, services: Services) -> ExecutionRecord:
    """Go from an execution to the one that an action of invoked it, up to what was asked for."""
    parent = record.parent or ""
    if parent.startswith("pipeline/") and "/rollback:" not in parent:
        above = services.executions.find("pipeline", parent.split("/")[1])
        if above is not None:
            return _begun_by(above, services)
    return record


def execution_state(stream: str, services: Services) -> PipelineState:
    """Fold an execution's events; raises ``UsageError`` when there are none."""
    process = PipelineProcess()
    state = process.initial()
    for _, event in services.log.read(stream):
        state = process.apply(state, event)
    if state.plan is None:
        raise UsageError(
            f"there is no pipeline execution '{stream.partition('/')[2]}'",
            hint="'cicd pipeline executions' shows them all",
        )
    return state


def execution_result(stream: str, services: Services) -> ExecutionResult:
    """Say what is known of an execution, running or not."""
    return result_of(execution_state(stream, services), stream, services)


def result_of(state: PipelineState, stream: str, services: Services) -> ExecutionResult:
    """Say what is known of an execution whose state is at hand."""
    external = _external_ids(stream, state, services)
    return ExecutionResult(
        execution_id=stream.partition("/")[2],
        stream=stream,
        status=state.status(),
        failures=tuple(_failures(state)),
        external_execution_ids=external,
        state=state,
    )


def _external_ids(stream: str, state: PipelineState, services: Services) -> Mapping[str, str]:
    """Give what each action led to: its result says so, or, while it runs, its child."""
    running = [key for key, action in state.actions.items() if action.result is None]
    children = {
        record.parent: record.stream.partition("/")[2]
        for kind in (("build", "deployment") if running else ())
        for record in reversed(services.executions.list(kind=kind))
    }
    found = {
        key: children.get(f"{stream}/{numbered(key, state.actions[key].attempt)}", "")
        for key in running
    }
    for key, action in state.actions.items():
        if action.result is not None:
            found[key] = action.result.external_execution_id
    return found


def _failures(state: PipelineState) -> Iterator[ExecutionFailure]:
    assert state.plan is not None, "asked for executions that have one"
    failures = [
        (known.updated_at, action, known.result)
        for action in state.plan.actions()
        if (known := state.actions.get(action.key)) and known.status is ActionStatus.FAILED
    ]
    for _, action, result in sorted(failures, key=lambda found: found[0]):
        if result is not None and result.error is not None:
            yield ExecutionFailure(
                stage=action.stage,
                action=action.name,
                error=result.error,
                external_execution_id=result.external_execution_id,
            )
