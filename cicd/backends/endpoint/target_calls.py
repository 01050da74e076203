"""Calls of JSON 1.1, named by ``X-Amz-Target``: CodeBuild's, CodeDeploy's and CodePipeline's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.build_calls import BUILD_CALLS
from cicd.backends.endpoint.call import CallRefused, as_json, fields_of, text
from cicd.backends.endpoint.deploy_calls import DEPLOY_CALLS
from cicd.backends.endpoint.not_here import NOT_HERE
from cicd.backends.endpoint.pipeline_calls import PIPELINE_CALLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Answer, Call, Operation, Served
    from cicd.event import JSON
    from cicd.pipeline.jobs.job import JobResult


def answer_target(served: Served, call: Call) -> Answer:
    """Answer a call that names its operation in a header; raises ``CallRefused``."""
    target = call.headers.get("x-amz-target", "")
    operation = CALLS.get(target)
    if operation is None:
        raise _unanswered(target)
    return as_json(operation(served, fields_of(call.body)))


def _unanswered(target: str) -> CallRefused:
    service, _, name = target.partition(".")
    if target in NOT_HERE:
        return CallRefused(
            "UnsupportedOperationException",
            f"{name} is not carried out here: {NOT_HERE[target]}",
        )
    known = [each for each in CALLS if each.partition(".")[0] == service] or [*CALLS]
    names = ", ".join(sorted(each.partition(".")[2] for each in known))
    return CallRefused(
        "UnknownOperationException",
        f"'{target}' is not answered here; there are {names}"
        if target
        else "the call names no operation in X-Amz-Target",
    )


def _put_job_success(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.jobs.job import JobResult

    details = _mapping(fields, "executionDetails")
    variables = _mapping(fields, "outputVariables")
    result = JobResult(
        succeeded=True,
        continuation_token=str(fields.get("continuationToken") or ""),
        summary=str(details.get("summary") or ""),
        external_execution_id=str(details.get("externalExecutionId") or ""),
        variables={name: str(value) for name, value in variables.items()},
    )
    return _put(served, fields, result)


def _put_job_failure(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.jobs.job import JobResult

    details = _mapping(fields, "failureDetails")
    result = JobResult(
        succeeded=False,
        external_execution_id=str(details.get("externalExecutionId") or ""),
        failure_type=str(details.get("type") or ""),
        message=str(details.get("message") or ""),
    )
    return _put(served, fields, result)


def _put(served: Served, fields: Mapping[str, JSON], result: JobResult) -> JSON:
    from cicd.pipeline.jobs.ledger import JobRefused, put_result

    try:
        put_result(text(fields, "jobId"), result, served.services)
    except JobRefused as refusal:
        raise CallRefused(refusal.code, refusal.words) from None
    return {}


def _mapping(fields: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    value = fields.get(name) or {}
    if not isinstance(value, dict):
        raise CallRefused("SerializationException", f"'{name}' must be an object")
    return value


CALLS: Final[dict[str, Operation]] = {
    **PIPELINE_CALLS,
    **BUILD_CALLS,
    **DEPLOY_CALLS,
    "CodePipeline_20150709.PutJobSuccessResult": _put_job_success,
    "CodePipeline_20150709.PutJobFailureResult": _put_job_failure,
}
