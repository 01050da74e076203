"""
The room's public face: plan, start, resume, stop and look at executions, answer approvals.

``start_execution`` takes its token from ``services.cancel``. The first Ctrl-C is a stop-and-wait:
running actions end by themselves; the second ends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.cloudformation.local import template_parameters
from cicd.document.cloudformation.parameters import Given
from cicd.document.problem import Problem
from cicd.engine.signals import send
from cicd.errors import Conflict, UsageError
from cicd.pipeline.admission import LEFT, fold, state_stream
from cicd.pipeline.approval import WaitingApproval, put_approval_result, waiting_approvals
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.definition import find_definition, read_definition
from cicd.pipeline.driving import drive_execution, record_of, roll_back
from cicd.pipeline.execution import (
    ExecutionFailure,
    ExecutionResult,
    execution_result,
    execution_state,
    find_execution,
)
from cicd.pipeline.from_template import is_from_template, read_from_template
from cicd.pipeline.links import check_links
from cicd.pipeline.local import runner_name
from cicd.pipeline.plan import PipelinePlan
from cicd.pipeline.resources_of import resources_of
from cicd.pipeline.result import UNFINISHED
from cicd.pipeline.spec import ExecutionMode
from cicd.pipeline.stages import hold_as_made
from cicd.pipeline.state import RESUMED
from cicd.pipeline.submission import submit_execution
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.resources import Resources
    from cicd.ports import Services

__all__ = [
    "ExecutionFailure",
    "ExecutionRequest",
    "ExecutionResult",
    "PlannedExecution",
    "Start",
    "WaitingApproval",
    "ask_to_stop",
    "begin_execution",
    "carry_out_stop",
    "execution_result",
    "execution_state",
    "find_execution",
    "plan_execution",
    "put_approval_result",
    "resume_execution",
    "start_execution",
    "stop_execution",
    "waiting_approvals",
]

MAX_REASON = 200  # characters of a stop's reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """What StartPipelineExecution is asked for, and what only exists here."""

    definition: str | None = None  # a name in cicd.yml, or a file; None: the one there is
    directory: Path  # where the file is, and the usual places are
    parameters: Mapping[str, str] = field(default_factory=dict)  # of a CloudFormation template
    start: Start = field(default_factory=Start)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExecution:
    """A plan that may be started, and what its document is warned of."""

    plan: PipelinePlan
    warnings: tuple[Problem, ...]


def plan_execution(
    request: ExecutionRequest, services: Services, resources: Resources
) -> PlannedExecution:
    """
    Read and check the definition, and say what an execution would do; changes nothing.

    Raises:
        UsageError: There is no such pipeline, variable or source.
        DocumentError: The definition is not one that AWS would accept.
        Unavailable: It asks for what is not carried out here yet.

    """
    given = Given(parameters={**template_parameters(resources), **request.parameters})
    found = find_definition(request.definition, resources, request.directory, given)
    template, parameters = "", {}
    if is_from_template(found):
        read = read_from_template(found, request.parameters, resources)
        spec, problems, resources = read.spec, read.problems, read.resources
        template, parameters = read.path, dict(read.parameters)
    elif request.parameters:
        raise UsageError("only a CloudFormation template has parameters")
    else:
        spec, problems = read_definition(found.node)
    check_links(spec, resources, problems)
    plan = compile_plan(spec, request.start, root=resources.root, new_id=services.new_id)
    return PlannedExecution(
        plan=replace(plan, template=template, parameters=parameters), warnings=tuple(problems)
    )


def start_execution(
    plan: PipelinePlan, services: Services, *, parent: str | None = None
) -> ExecutionResult:
    """
    Submit an execution and drive it to its end; ``parent`` is the action that began it.

    Raises as ``begin_execution`` does.
    """
    return drive_execution(begin_execution(plan, services, parent=parent), plan, services, told=0)


def begin_execution(plan: PipelinePlan, services: Services, *, parent: str | None = None) -> str:
    """
    Submit an execution, and give its stream: somebody must drive it then.

    Raises ``Unavailable`` when the runner of its builds cannot work here now, and ``UsageError``
    when a dead run's execution holds a stage, so that this one would wait for ever.
    """
    _check_runner(plan, services)
    _check_left_behind(plan, services)
    hold_as_made(plan, services)
    return submit_execution(plan, services, parent=parent)


def resume_execution(stream: str, services: Services) -> ExecutionResult:
    """
    Drive an unfinished execution on; gives the result of a finished one.

    A rollback that a finished one began, and that nobody carried out, is carried out.
    """
    state = execution_state(stream, services)
    if state.concluded is not None or state.plan is None:
        roll_back(state, services)
        return execution_result(stream, services)
    if record_of(stream, services).driven:
        raise Conflict(f"'{stream}' is being driven", hint="cicd pipeline status shows it")
    send(services.log, services.clock, stream, RESUMED)
    told = len(services.log.read(stream))
    return drive_execution(stream, state.plan, services, told=told)


def stop_execution(
    stream: str, services: Services, *, abandon: bool = False, reason: str = ""
) -> ExecutionResult:
    """
    Ask an execution to stop, and carry that out here if nobody drives it.

    Raises as ``ask_to_stop`` does.
    """
    ask_to_stop(stream, services, abandon=abandon, reason=reason)
    return carry_out_stop(stream, services)


def carry_out_stop(stream: str, services: Services) -> ExecutionResult:
    """Drive an execution that was asked to stop to its end, if nobody does."""
    state = execution_state(stream, services)
    if not record_of(stream, services).driven and state.plan is not None:
        told = len(services.log.read(stream)) - 1  # all but what asks it to stop
        return drive_execution(stream, state.plan, services, told=told)
    return execution_result(stream, services)


def ask_to_stop(
    stream: str, services: Services, *, abandon: bool = False, reason: str = ""
) -> None:
    """
    Ask an execution to stop; whoever drives it does so.

    Stop and wait lets running actions end. Abandon ends them: what an action had begun here
    (a build, a deployment) is stopped, where AWS would let it go on.

    Raises ``UsageError`` when it is over, or stopping already; abandoning is still allowed then.
    Source: CodePipeline API Reference, "StopPipelineExecution".
    """
    state = execution_state(stream, services)
    execution_id = stream.partition("/")[2]
    if state.concluded is not None:
        raise UsageError(
            f"the execution {execution_id} is over: {state.concluded}",
            hint="PipelineExecutionNotStoppableException: only a running one can be stopped",
        )
    if state.stop is not None and (state.stop.abandon or not abandon):
        raise UsageError(
            f"the execution {execution_id} is stopping already",
            hint="DuplicatedStopRequestException: --abandon does not wait for its actions"
            if not state.stop.abandon
            else "DuplicatedStopRequestException: wait until it has stopped",
        )
    if len(reason) > MAX_REASON:
        raise UsageError(
            f"the reason has {len(reason)} characters", hint=f"at most {MAX_REASON} are allowed"
        )
    send(services.log, services.clock, stream, "stop", abandon=abandon, reason=reason)


def _check_runner(plan: PipelinePlan, services: Services) -> None:
    """Find out before the first action, rather than at the first build."""
    if any(action.type_id.provider == "CodeBuild" for action in plan.actions()):
        resources = resources_of(plan)
        services.runner(plan.builds.runner or runner_name(resources)).check()


def _check_left_behind(plan: PipelinePlan, services: Services) -> None:
    """Refuse to wait for the dead; let go for those that are over and could not do it."""
    if plan.execution_mode is ExecutionMode.PARALLEL:
        return
    stream = state_stream(plan.name)
    state = fold(event for _, event in services.log.read(stream))
    for stage, lock in state.stages.items():
        for execution_id in (lock.holder, *lock.waiting):
            if execution_id is None:
                continue
            record = services.executions.find("pipeline", execution_id)
            if record is None or record.status not in UNFINISHED:
                send(
                    services.log,
                    services.clock,
                    stream,
                    LEFT,
                    stage=stage,
                    execution=execution_id,
                    mode=plan.execution_mode.value,
                )
            elif not record.driven:
                raise UsageError(
                    f"an execution of '{plan.name}' was left in a stage by a run that died",
                    hint=f"cicd pipeline resume {execution_id[:8]} goes on with it; "
                    f"cicd pipeline stop {execution_id[:8]} --abandon ends it",
                )
