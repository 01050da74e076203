"""
The room's public face: plan, start, resume, stop and look at executions, answer approvals.

``start_execution`` takes its token from ``services.cancel``. The first Ctrl-C is a stop-and-wait:
running actions end by themselves; the second ends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.problem import Problem
from cicd.document.resources import Resources
from cicd.engine.codec import encode
from cicd.engine.loop import drive
from cicd.engine.signals import send
from cicd.errors import UsageError
from cicd.event import JSON, Event, EventKind
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.admission import fold, state_stream
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.definition import find_definition, read_definition
from cicd.pipeline.describe import describe
from cicd.pipeline.effects import PipelineEffects
from cicd.pipeline.journal import say
from cicd.pipeline.local import runner_name
from cicd.pipeline.plan import ActionPlan, PipelinePlan
from cicd.pipeline.process import PipelineProcess
from cicd.pipeline.result import ActionStatus, ErrorDetails, PipelineStatus
from cicd.pipeline.shapes import pipeline_execution
from cicd.pipeline.spec import ExecutionMode
from cicd.pipeline.state import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.pipeline.state import PipelineState
    from cicd.ports import ExecutionRecord, Services

MAX_REASON = 200  # characters of a stop's reason
MAX_SUMMARY = 512  # characters of an approval's summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """What StartPipelineExecution is asked for, and what only exists here."""

    definition: str | None = None  # a name in cicd.yml, or a file; None: the one there is
    directory: Path  # where the file is, and the usual places are
    start: Start = field(default_factory=Start)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExecution:
    """A plan that may be started, and what its document is warned of."""

    plan: PipelinePlan
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailure:
    """The action that failed first, and why."""

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
    failure: ExecutionFailure | None
    external_execution_ids: Mapping[str, str]  # commits, builds, deployments, by "Stage/Action"
    execution: Mapping[str, JSON]  # GetPipelineExecution, with "actionExecutionDetails"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingApproval:
    """A manual approval that nobody has answered yet."""

    action: ActionPlan
    token: str
    until: datetime


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
    found = find_definition(request.definition, resources, request.directory)
    spec, problems = read_definition(found.node)
    plan = compile_plan(spec, request.start, root=resources.root, new_id=services.new_id)
    return PlannedExecution(plan=plan, warnings=tuple(problems))


def start_execution(plan: PipelinePlan, services: Services) -> ExecutionResult:
    """
    Submit an execution and drive it to its end.

    Raises ``Unavailable`` when the runner of its builds cannot work here now, and ``UsageError``
    when a dead run's execution holds a stage, so that this one would wait for ever.
    """
    _check_runner(plan, services)
    _check_left_behind(plan, services)
    stream = f"pipeline/{plan.execution_id}"
    now = services.clock.now()
    services.executions.submit(
        stream,
        kind="pipeline",
        name=plan.name,
        status=PipelineStatus.IN_PROGRESS.value,
        parent=None,
        at=now,
    )
    submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
    services.log.append(stream, (submitted,), expected=0)
    return _drive(stream, plan, services, told=0)


def resume_execution(stream: str, services: Services) -> ExecutionResult:
    """Drive an unfinished execution on; gives the result of a finished one."""
    state = execution_state(stream, services)
    if state.concluded is not None or state.plan is None:
        return execution_result(stream, services)
    told = len(services.log.read(stream))
    return _drive(stream, state.plan, services, told=told)


def stop_execution(
    stream: str, services: Services, *, abandon: bool = False, reason: str = ""
) -> ExecutionResult:
    """
    Ask an execution to stop, and carry that out here if nobody drives it.

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
    if not _record(stream, services).driven and state.plan is not None:
        return _drive(stream, state.plan, services, told=len(services.log.read(stream)) - 1)
    return execution_result(stream, services)


def put_approval_result(
    stream: str,
    services: Services,
    *,
    approval: WaitingApproval,
    approved: bool,
    summary: str = "",
) -> None:
    """
    Answer a manual approval; whoever drives the execution goes on within a moment.

    Raises ``UsageError`` when it was answered meanwhile, or nobody answered in time.
    Source: CodePipeline API Reference, "PutApprovalResult".
    """
    if len(summary) > MAX_SUMMARY:
        raise UsageError(
            f"the summary has {len(summary)} characters", hint=f"at most {MAX_SUMMARY} are allowed"
        )
    if approval.token not in [open_.token for open_ in waiting_approvals(stream, services)]:
        raise UsageError(
            f"the approval '{approval.action.name}' is not waiting any more",
            hint="InvalidApprovalTokenException: it was answered, or its time is over",
        )
    send(
        services.log,
        services.clock,
        stream,
        "approval",
        stage=approval.action.stage,
        action=approval.action.name,
        token=approval.token,
        status="Approved" if approved else "Rejected",
        summary=summary,
    )


def waiting_approvals(stream: str, services: Services) -> tuple[WaitingApproval, ...]:
    """Give the approvals of an execution that may be answered now."""
    state, now = execution_state(stream, services), services.clock.now()
    found = []
    for action in state.plan.actions() if state.plan and state.concluded is None else ():
        known = state.actions.get(action.key)
        if known is None or not known.waits or known.result is None or not known.result.token:
            continue
        until = deadline(action, known)
        if now <= until:
            found.append(WaitingApproval(action=action, token=known.result.token, until=until))
    return tuple(found)


def find_execution(id_or_name: str | None, services: Services) -> ExecutionRecord:
    """
    Find an execution by its id, a beginning of it, or its pipeline's name (then the newest).

    ``None``: the newest of all. Raises ``UsageError`` when there is none, or several are meant.
    """
    if id_or_name is None:
        records = services.executions.list(kind="pipeline", limit=1)
    else:
        records = services.executions.list(kind="pipeline", name=id_or_name, limit=1)
        found = None if records else services.executions.find("pipeline", id_or_name)
        records = [found] if found else records
    if not records:
        what = f"'{id_or_name}'" if id_or_name else "yet"
        raise UsageError(
            f"there is no pipeline execution {what}", hint="cicd pipeline list shows them all"
        )
    return records[0]


def execution_state(stream: str, services: Services) -> PipelineState:
    """Fold an execution's events; raises ``UsageError`` when there are none."""
    process = PipelineProcess()
    state = process.initial()
    for _, event in services.log.read(stream):
        state = process.apply(state, event)
    if state.plan is None:
        raise UsageError(
            f"there is no pipeline execution '{stream.partition('/')[2]}'",
            hint="cicd pipeline list shows them all",
        )
    return state


def execution_result(stream: str, services: Services) -> ExecutionResult:
    """Say what is known of an execution, running or not."""
    state = execution_state(stream, services)

    external = _external_ids(stream, state, services)
    return ExecutionResult(
        execution_id=stream.partition("/")[2],
        stream=stream,
        status=state.status(),
        failure=_failure(state),
        external_execution_ids=external,
        execution=pipeline_execution(state, external),
    )


def _external_ids(stream: str, state: PipelineState, services: Services) -> Mapping[str, str]:
    """Give what each action led to: its result says so, or, while it runs, its child."""
    running = [key for key, action in state.actions.items() if action.result is None]
    children = {
        record.parent: record.stream.partition("/")[2]
        for kind in (("build", "deployment") if running else ())
        for record in reversed(services.executions.list(kind=kind))
    }
    found = {key: children.get(f"{stream}/{key}", "") for key in running}
    for key, action in state.actions.items():
        if action.result is not None:
            found[key] = action.result.external_execution_id
    return found


def _failure(state: PipelineState) -> ExecutionFailure | None:
    assert state.plan is not None, "asked for executions that have one"
    failures = [
        (known.updated_at, action, known.result)
        for action in state.plan.actions()
        if (known := state.actions.get(action.key)) and known.status is ActionStatus.FAILED
    ]
    for _, action, result in sorted(failures, key=lambda found: found[0]):
        if result is not None and result.error is not None:
            return ExecutionFailure(
                stage=action.stage,
                action=action.name,
                error=result.error,
                external_execution_id=result.external_execution_id,
            )
    return None


def _drive(stream: str, plan: PipelinePlan, services: Services, *, told: int) -> ExecutionResult:
    """Drive, and tell reporters and the index of every event after the first ``told``."""
    with services.executions.drive(stream):
        if told:
            say(services, stream, f"{plan.name}: going on with {plan.execution_id}")
        drive(
            PipelineProcess(),
            PipelineEffects(plan, services),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=services.cancel,
            jobs=services.jobs,
            on_event=_follower(stream, services, told),
        )
    clear(services.home / "work" / plan.execution_id)
    return execution_result(stream, services)


def _follower(stream: str, services: Services, told: int) -> Callable[[Event], None]:
    process = PipelineProcess()
    state, count = process.initial(), 0

    def follow(event: Event) -> None:
        nonlocal state, count
        before, state, count = state, process.apply(state, event), count + 1
        if count <= told:
            return
        said = describe(before, event, state)
        for reporter in services.reporters:
            reporter.event(stream, event, said)
        if before.plan is None or before.status() is not state.status():
            services.executions.update(stream, state.status().value, event.at)

    return follow


def _record(stream: str, services: Services) -> ExecutionRecord:
    return find_execution(stream.partition("/")[2], services)


def _check_runner(plan: PipelinePlan, services: Services) -> None:
    """Find out before the first action, rather than at the first build."""
    if any(action.type_id.provider == "CodeBuild" for action in plan.actions()):
        resources = Resources.load(Path(plan.root))
        services.runner(plan.runner or runner_name(resources)).check()


def _check_left_behind(plan: PipelinePlan, services: Services) -> None:
    if plan.execution_mode is ExecutionMode.PARALLEL:
        return
    events = services.log.read(state_stream(plan.name))
    for execution_id in fold(event for _, event in events).present():
        record = services.executions.find("pipeline", execution_id)
        if record is not None and not record.driven:
            raise UsageError(
                f"an execution of '{plan.name}' was left in a stage by a run that died",
                hint=f"cicd pipeline resume {execution_id[:8]} goes on with it; "
                f"cicd pipeline stop {execution_id[:8]} --abandon ends it",
            )
