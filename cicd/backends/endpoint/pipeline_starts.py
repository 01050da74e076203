"""CodePipeline's calls that set an execution going: begun, begun again, gone back to, stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text
from cicd.backends.endpoint.pipeline_found import find_described, find_plan, find_stream, stream_of
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.spec import PipelineDeclaration
    from cicd.ports import Services

_REVISIONS: Final = frozenset(
    {"COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"}
)


def _start_pipeline_execution(served: Served, fields: Mapping[str, JSON]) -> JSON:
    token = str(fields.get("clientRequestToken") or "")
    started = served.drives.once(token, lambda: _started(served, fields))
    return {"pipelineExecutionId": started}


def _started(served: Served, fields: Mapping[str, JSON]) -> str:
    """Plan and submit before the answer, so that what cannot be is refused in it."""
    from cicd.document.resources import Resources
    from cicd.pipeline.known import newest_plan
    from cicd.pipeline.run import ExecutionRequest, plan_execution

    spec, directory = find_described(served, text(fields, "name"))
    last = newest_plan(spec.name, served.services)
    request = ExecutionRequest(
        definition=spec.name,
        directory=directory,
        parameters=last.parameters if last is not None and last.template else {},
        start=replace(
            served.start,
            variables=_pairs(fields, "variables", "name", "value"),
            revisions=_pairs(fields, "sourceRevisions", "actionName", "revisionValue"),
            triggered_by=served.user,
        ),
    )
    plan = plan_execution(request, served.services, Resources.load(directory)).plan
    return _begun(served, plan)


def _begun(served: Served, plan: PipelinePlan) -> str:
    from cicd.pipeline.driving import drive_execution
    from cicd.pipeline.run import begin_execution

    stream = begin_execution(plan, served.services)
    served.drives.drive(stream, lambda services: drive_execution(stream, plan, services, told=0))
    return plan.execution_id


def _retry_stage_execution(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.commands import RetryMode
    from cicd.pipeline.stages import retry_stage

    stream = find_stream(served, fields)
    mode = _one_of(fields, "retryMode", [each.value for each in RetryMode])
    retry_stage(
        stream,
        served.services,
        stage=text(fields, "stageName"),
        mode=RetryMode(mode),
        now_is=_now(served, text(fields, "pipelineName")),
    )
    go_on(served, stream)
    return {"pipelineExecutionId": stream.partition("/")[2]}


def _override_stage_condition(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.override import GATES
    from cicd.pipeline.stages import override_condition

    stream = find_stream(served, fields)
    kind = _one_of(fields, "conditionType", [*GATES])
    override_condition(stream, served.services, stage=text(fields, "stageName"), kind=kind)
    go_on(served, stream)
    return {}


def _rollback_stage(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.rollback import plan_rollback

    name = text(fields, "pipelineName")
    target = text(fields, "targetPipelineExecutionId")
    plan = plan_rollback(
        stream_of(served, find_plan(served, name).name, target),
        served.services,
        stage=text(fields, "stageName"),
        now_is=_now(served, name),
        by=served.user,
    )
    return {"pipelineExecutionId": _begun(served, plan)}


def _stop_pipeline_execution(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.run import ask_to_stop, carry_out_stop

    stream = find_stream(served, fields)
    ask_to_stop(
        stream,
        served.services,
        abandon=fields.get("abandon") is True,
        reason=str(fields.get("reason") or ""),
    )
    if not _driven(stream, served.services):
        served.drives.drive(stream, lambda services: carry_out_stop(stream, services))
    return {"pipelineExecutionId": stream.partition("/")[2]}


def go_on(served: Served, stream: str) -> None:
    """Drive an execution that was asked for something, unless somebody does."""
    from cicd.pipeline.run import resume_execution

    if not _driven(stream, served.services):
        served.drives.drive(stream, lambda services: resume_execution(stream, services))


def _driven(stream: str, services: Services) -> bool:
    record = services.executions.find("pipeline", stream.partition("/")[2])
    return record is not None and record.driven


def _now(served: Served, name: str) -> PipelineDeclaration | None:
    """Give the pipeline's structure today; None: it is not known."""
    try:
        return find_described(served, name)[0]
    except CallRefused:
        return None


def _pairs(fields: Mapping[str, JSON], under: str, name: str, value: str) -> dict[str, str]:
    listed = fields.get(under) or []
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise CallRefused("SerializationException", f"'{under}' must be a list of objects")
    found = {}
    for each in listed:
        assert isinstance(each, dict), "looked at above"
        if "revisionType" in each:
            _one_of(each, "revisionType", sorted(_REVISIONS))
        if (named := text(each, name)) in found:
            raise UsageError(f"'{under}' names '{named}' twice")
        found[named] = text(each, value)
    return found


def _one_of(fields: Mapping[str, JSON], name: str, words: list[str]) -> str:
    given = text(fields, name)
    if given not in words:
        raise UsageError(f"'{name}' must be one of {', '.join(words)}, not '{given}'")
    return given


PIPELINE_STARTS: Final[Mapping[str, Operation]] = {
    "StartPipelineExecution": _start_pipeline_execution,
    "RetryStageExecution": _retry_stage_execution,
    "RollbackStage": _rollback_stage,
    "OverrideStageCondition": _override_stage_condition,
    "StopPipelineExecution": _stop_pipeline_execution,
}
