"""CodePipeline's calls, by their names; here those that answer an approval or hold a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text
from cicd.backends.endpoint.job_calls import JOB_CALLS
from cicd.backends.endpoint.not_here import DOCUMENT
from cicd.backends.endpoint.pipeline_found import check_action, find_described, find_plan
from cicd.backends.endpoint.pipeline_kinds import PIPELINE_KINDS
from cicd.backends.endpoint.pipeline_starts import PIPELINE_STARTS, go_on
from cicd.backends.endpoint.pipeline_views import PIPELINE_VIEWS
from cicd.backends.endpoint.said import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON
    from cicd.pipeline.approval import WaitingApproval
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services


def _put_approval_result(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.approval import put_approval_result

    services = served.services
    plan = find_plan(served, text(fields, "pipelineName"))
    stage, action, token = (text(fields, name) for name in ("stageName", "actionName", "token"))
    check_action(plan, stage, action)
    result = fields.get("result")
    status = result.get("status") if isinstance(result, dict) else None
    if not isinstance(result, dict) or status not in {"Approved", "Rejected"}:
        raise CallRefused("ValidationException", "'status' must be Approved or Rejected")
    stream, approval = _waiting(plan, (stage, action), token, services)
    put_approval_result(
        stream,
        services,
        approval=approval,
        approved=status == "Approved",
        summary=str(result.get("summary") or ""),
        by=served.user,
    )
    go_on(served, stream)
    return {"approvedAt": services.clock.now().timestamp()}


def _waiting(
    plan: PipelinePlan, place: tuple[str, str], token: str, services: Services
) -> tuple[str, WaitingApproval]:
    """Find the approval that a token answers, among the executions that are not over."""
    from cicd.pipeline.approval import waiting_approvals
    from cicd.pipeline.result import UNFINISHED

    for record in services.executions.list(kind="pipeline", name=plan.name):
        if record.status in UNFINISHED:
            for approval in waiting_approvals(record.stream, services):
                found = (approval.action.stage, approval.action.name)
                if (found, approval.token) == (place, token):
                    return record.stream, approval
    raise CallRefused(
        "InvalidApprovalTokenException",
        f"no approval '{place[1]}' in the stage '{place[0]}' of '{plan.name}' waits with this "
        "token",
    )


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


def _delete_pipeline(served: Served, fields: Mapping[str, JSON]) -> JSON:
    """
    Refuse to delete a pipeline that a document describes; one that there is not is gone.

    Source: CodePipeline API Reference, "DeletePipeline", which knows no PipelineNotFoundException.
    """
    name = text(fields, "name")
    try:
        find_described(served, name)
    except CallRefused:
        return {}
    raise CallRefused("UnsupportedOperationException", f"'{name}' is not deleted here: {DOCUMENT}")


def _delete_webhook(served: Served, fields: Mapping[str, JSON]) -> JSON:
    del served
    text(fields, "name")
    return {}  # none can be made here, so whatever is meant is gone


def _inbound(served: Served, fields: Mapping[str, JSON]) -> PipelinePlan:
    if text(fields, "transitionType") != "Inbound":
        raise CallRefused(
            "ValidationException", "only Inbound transitions are held here, as the console does"
        )
    return find_plan(served, text(fields, "pipelineName"))


PIPELINE_CALLS: Final[Mapping[str, Operation]] = {
    f"CodePipeline_20150709.{name}": said(operation)
    for name, operation in {
        **PIPELINE_VIEWS,
        **PIPELINE_KINDS,
        **PIPELINE_STARTS,
        **JOB_CALLS,
        "PutApprovalResult": _put_approval_result,
        "DisableStageTransition": _disable,
        "EnableStageTransition": _enable,
        "DeletePipeline": _delete_pipeline,
        "DeleteWebhook": _delete_webhook,
    }.items()
}
