"""CodePipeline's calls about executions: they are looked at, approved, stopped, held back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services

_CODE: Final = re.compile(r"\b[A-Z]\w+Exception\b")


def _get_pipeline_state(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.pipeline_state import pipeline_state

    return pipeline_state(_plan(text(fields, "name"), served.services), served.services)


def _get_pipeline_execution(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.execution import execution_result

    found = execution_result(_stream(fields, served.services), served.services)
    return {"pipelineExecution": found.execution["pipelineExecution"]}


def _list_pipeline_executions(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.execution import execution_state
    from cicd.pipeline.shapes import execution_summary

    services = served.services
    plan = _plan(text(fields, "pipelineName"), services)
    most = fields.get("maxResults")
    records = services.executions.list(
        kind="pipeline", name=plan.name, limit=most if isinstance(most, int) else 100
    )
    return {
        "pipelineExecutionSummaries": [
            execution_summary(execution_state(record.stream, services)) for record in records
        ]
    }


def _list_action_executions(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.execution import execution_result

    services = served.services
    wanted = fields.get("filter")
    execution_id = wanted.get("pipelineExecutionId") if isinstance(wanted, dict) else None
    plan = _plan(text(fields, "pipelineName"), services)
    streams = [
        record.stream
        for record in services.executions.list(kind="pipeline", name=plan.name)
        if execution_id in (None, record.stream.partition("/")[2])
    ]
    found: list[JSON] = []
    for stream in streams:
        details = execution_result(stream, services).execution["actionExecutionDetails"]
        assert isinstance(details, list), "of a list of shapes"
        found += details
    return {"actionExecutionDetails": found}


def _put_approval_result(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.approval import put_approval_result, waiting_approvals

    services = served.services
    plan = _plan(text(fields, "pipelineName"), services)
    stage, action, token = (text(fields, name) for name in ("stageName", "actionName", "token"))
    result = fields.get("result")
    status = result.get("status") if isinstance(result, dict) else None
    if not isinstance(result, dict) or status not in {"Approved", "Rejected"}:
        raise CallRefused("ValidationException", "'status' must be Approved or Rejected")
    for record in services.executions.list(kind="pipeline", name=plan.name):
        for approval in waiting_approvals(record.stream, services):
            if (approval.token, approval.action.stage, approval.action.name) == (
                token,
                stage,
                action,
            ):
                put_approval_result(
                    record.stream,
                    services,
                    approval=approval,
                    approved=status == "Approved",
                    summary=str(result.get("summary") or ""),
                )
                return {"approvedAt": services.clock.now().timestamp()}
    raise CallRefused(
        "InvalidApprovalTokenException",
        f"no approval '{action}' in the stage '{stage}' of '{plan.name}' waits with this token",
    )


def _stop_pipeline_execution(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.run import stop_execution

    stopped = stop_execution(
        _stream(fields, served.services),
        served.services,
        abandon=fields.get("abandon") is True,
        reason=str(fields.get("reason") or ""),
    )
    return {"pipelineExecutionId": stopped.execution_id}


def _disable(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.stages import disable_transition

    disable_transition(
        _inbound(served, fields),
        text(fields, "stageName"),
        served.services,
        reason=text(fields, "reason"),
        by=served.user,
    )
    return {}


def _enable(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.stages import enable_transition

    enable_transition(_inbound(served, fields), text(fields, "stageName"), served.services)
    return {}


def _inbound(served: Served, fields: Mapping[str, JSON]) -> PipelinePlan:
    if text(fields, "transitionType") != "Inbound":
        raise CallRefused(
            "ValidationException", "only Inbound transitions are held here, as the console does"
        )
    return _plan(text(fields, "pipelineName"), served.services)


def _plan(name: str, services: Services) -> PipelinePlan:
    """Give the newest execution's plan: what a pipeline is, as far as a home knows."""
    from cicd.pipeline.execution import execution_state

    for record in services.executions.list(kind="pipeline", name=name, limit=1):
        plan = execution_state(record.stream, services).plan
        assert plan is not None, "execution_state asks for one"
        return plan
    raise CallRefused(
        "PipelineNotFoundException", f"no execution of a pipeline with name '{name}' is known here"
    )


def _stream(fields: Mapping[str, JSON], services: Services) -> str:
    plan, wanted = (
        _plan(text(fields, "pipelineName"), services),
        text(fields, "pipelineExecutionId"),
    )
    for record in services.executions.list(kind="pipeline", name=plan.name):
        if record.stream == f"pipeline/{wanted}":
            return record.stream
    raise CallRefused(
        "PipelineExecutionNotFoundException",
        f"the pipeline '{plan.name}' has no execution '{wanted}'",
    )


def _said(operation: Operation) -> Operation:
    """Give an operation whose refusals carry the name that the service has for them."""

    def call(served: Served, fields: Mapping[str, JSON]) -> JSON:
        try:
            return operation(served, fields)
        except UsageError as refusal:
            code = _CODE.search(f"{refusal.message} {refusal.hint or ''}")
            raise CallRefused(
                code[0] if code else "ValidationException", refusal.message
            ) from None

    return call


PIPELINE_CALLS: Final[Mapping[str, Operation]] = {
    f"CodePipeline_20150709.{name}": _said(operation)
    for name, operation in {
        "GetPipelineState": _get_pipeline_state,
        "GetPipelineExecution": _get_pipeline_execution,
        "ListPipelineExecutions": _list_pipeline_executions,
        "ListActionExecutions": _list_action_executions,
        "PutApprovalResult": _put_approval_result,
        "StopPipelineExecution": _stop_pipeline_execution,
        "DisableStageTransition": _disable,
        "EnableStageTransition": _enable,
    }.items()
}
