"""What is done about one stage from outside: its transition, and its retry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cicd.engine.loop import RETRY
from cicd.engine.signals import send
from cicd.errors import Conflict, UsageError
from cicd.event import JSON, Event, EventKind
from cicd.pipeline.admission import DISABLED, ENABLED, fold, state_stream
from cicd.pipeline.compile import same_stages
from cicd.pipeline.execution import execution_state
from cicd.pipeline.override import GATES, not_overridable
from cicd.pipeline.result import PipelineStatus
from cicd.pipeline.retry import not_retryable
from cicd.pipeline.spec import ExecutionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cicd.pipeline.admission import Admissions
    from cicd.pipeline.commands import RetryMode
    from cicd.pipeline.plan import PipelinePlan, StagePlan
    from cicd.pipeline.spec import PipelineDeclaration
    from cicd.pipeline.state import PipelineState
    from cicd.ports import Services

    Staged: TypeAlias = PipelineDeclaration | PipelinePlan  # what has a name, a mode and stages

REASON = re.compile(r"[a-zA-Z0-9!@ ().*?\-]{1,300}")


def disable_transition(
    spec: Staged, stage: str, services: Services, *, reason: str, by: str
) -> dict[str, JSON]:
    """
    Let no execution into a stage until its transition is enabled; gives its state, as AWS does.

    Raises ``UsageError`` for a stage that there is not, the first one, a reason that AWS would
    not take, or a pipeline of the mode PARALLEL, whose executions never wait.
    Source: CodePipeline API Reference, "DisableStageTransition".
    """
    _check_stage(spec, stage)
    if REASON.fullmatch(reason) is None:
        raise UsageError(
            "the reason is not one that AWS takes",
            hint="1 to 300 letters, digits, spaces, and of ! @ ( ) . * ? -",
        )
    _tell(spec, DISABLED, stage, services, reason=reason, by=by)
    return inbound_transition(admissions(spec.name, services), stage)


def enable_transition(spec: Staged, stage: str, services: Services) -> dict[str, JSON]:
    """
    Let executions into a stage again; who waits in front of it enters at once.

    Raises ``UsageError`` as ``disable_transition`` does.
    Source: CodePipeline API Reference, "EnableStageTransition".
    """
    _check_stage(spec, stage)
    _tell(spec, ENABLED, stage, services)
    return inbound_transition(admissions(spec.name, services), stage)


def hold_as_made(plan: PipelinePlan, services: Services) -> None:
    """
    Disable the transitions that a template makes so, unless somebody switched them since.

    Source: CloudFormation Template Reference, "DisableInboundStageTransitions".
    """
    events = services.log.read(state_stream(plan.name)) if plan.disabled else ()
    switched = {
        event.data["stage"] for _, event in events if event.data["signal"] in (DISABLED, ENABLED)
    }
    if plan.execution_mode is ExecutionMode.PARALLEL or plan.rolls_back_to:
        return
    for stage in plan.stages[1:]:
        if stage.name in plan.disabled and stage.name not in switched:
            reason = plan.disabled[stage.name]
            _tell(plan, DISABLED, stage.name, services, reason=reason, by="cloudformation")


def admissions(pipeline: str, services: Services) -> Admissions:
    """Say who is in a pipeline's stages, and in front of them."""
    return fold(event for _, event in services.log.read(state_stream(pipeline)))


def inbound_transition(state: Admissions, stage: str) -> dict[str, JSON]:
    """Give GetPipelineState's ``inboundTransitionState`` of a stage."""
    disabled = state.disabled.get(stage)
    if disabled is None:
        return {"enabled": True}
    return {
        "enabled": False,
        "lastChangedBy": disabled.by,
        "lastChangedAt": disabled.at.isoformat(),
        "disabledReason": disabled.reason,
    }


def retry_stage(
    stream: str,
    services: Services,
    *,
    stage: str,
    mode: RetryMode,
    now_is: PipelineDeclaration | None,
) -> None:
    """
    Ask an execution to begin a failed or stopped stage again; somebody must drive it then.

    ``now_is`` is the pipeline's structure today, if it is known.
    Raises ``UsageError`` when the stage may not be retried.
    Source: CodePipeline API Reference, "RetryStageExecution".
    """

    def check(state: PipelineState, plan: PipelinePlan) -> None:
        reason = not_retryable(state, find_stage(plan, stage), mode)
        if reason is not None:
            raise UsageError(reason, hint="StageNotRetryableException")
        _check_latest(plan, stage, services)
        if now_is is not None and not same_stages(plan, now_is):
            raise UsageError(
                f"the pipeline '{plan.name}' was changed since this execution began",
                hint="StageNotRetryableException: start a new execution: cicd pipeline run",
            )

    _open_again(stream, services, check, {"stage": stage, "mode": mode.value})


def override_condition(stream: str, services: Services, *, stage: str, kind: str) -> None:
    """
    Let a stage go on from a condition that did not hold; somebody must drive it then.

    ``kind`` is AWS's conditionType, "BEFORE_ENTRY" or "ON_SUCCESS".
    Raises ``UsageError`` when there is nothing to override.
    Source: CodePipeline API Reference, "OverrideStageCondition".
    """
    gate = GATES[kind]

    def check(state: PipelineState, plan: PipelinePlan) -> None:
        reason = not_overridable(state, find_stage(plan, stage), gate)
        if reason is not None:
            raise UsageError(reason, hint="ConditionNotOverridableException")
        _check_latest(plan, stage, services)

    _open_again(stream, services, check, {"stage": stage, "override": gate})


def _open_again(
    stream: str,
    services: Services,
    check: Callable[[PipelineState, PipelinePlan], None],
    data: Mapping[str, JSON],
) -> None:
    """Signal at the very version at which ``check`` raised nothing: of two, one gets it."""
    while True:
        version = max((version for version, _ in services.log.read(stream)), default=0)
        state = execution_state(stream, services)
        assert state.plan is not None, "execution_state asks for one"
        check(state, state.plan)
        asked = Event(
            kind=EventKind.SIGNALLED, at=services.clock.now(), data={"signal": RETRY, **data}
        )
        try:
            services.log.append(stream, (asked,), expected=version)
        except Conflict:  # somebody wrote meanwhile, which may have changed the answer
            continue
        services.executions.update(stream, PipelineStatus.IN_PROGRESS.value, asked.at)
        return


def _check_latest(plan: PipelinePlan, stage: str, services: Services) -> None:
    if plan.execution_mode is ExecutionMode.PARALLEL:
        return
    latest = admissions(plan.name, services).latest.get(stage)
    if latest != plan.execution_id:
        raise UsageError(
            f"the execution {latest} has entered the stage '{stage}' since",
            hint="NotLatestPipelineExecutionException: only the latest one can be retried",
        )


def _check_stage(spec: Staged, stage: str) -> None:
    names = [declared.name for declared in spec.stages]
    if stage not in names:
        raise _no_stage(spec.name, stage, names)
    if stage == names[0]:
        raise UsageError(
            f"'{stage}' is the first stage: no transition leads to it",
            hint=f"the stages that can be closed: {', '.join(names[1:])}",
        )
    if spec.execution_mode is ExecutionMode.PARALLEL:
        raise UsageError(
            f"the executions of '{spec.name}' run in PARALLEL and wait for nothing",
            hint="transitions belong to the modes SUPERSEDED and QUEUED",
        )


def find_stage(plan: PipelinePlan, name: str) -> StagePlan:
    """Find a stage of an execution by its name; raises ``UsageError`` when it has none such."""
    for stage in plan.stages:
        if stage.name == name:
            return stage
    raise _no_stage(plan.name, name, (stage.name for stage in plan.stages))


def _no_stage(pipeline: str, stage: str, names: Iterable[str]) -> UsageError:
    return UsageError(
        f"the pipeline '{pipeline}' has no stage '{stage}'",
        hint=f"StageNotFoundException: its stages are {', '.join(names)}",
    )


def _tell(spec: Staged, signal: str, stage: str, services: Services, **data: JSON) -> None:
    stream = state_stream(spec.name)
    send(services.log, services.clock, stream, signal, stage=stage, **data)
