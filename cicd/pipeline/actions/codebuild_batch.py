"""BatchEnabled of Build and Test/AWS/CodeBuild: a batch of builds in place of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.batch.capacity import capacity
from cicd.build.batch.run import check_batch, resume_batch, run_batch
from cicd.pipeline.actions.provider import find_child
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    ErrorDetails,
    FailureType,
    StoredArtifact,
    object_key,
)

if TYPE_CHECKING:
    from cicd.build.batch.run import BatchResult
    from cicd.build.request import BuildRequest
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

KIND = "build-batch"


def run_batch_of(
    request: ActionRequest, build: BuildRequest, services: Services, scope: Scope
) -> ActionResult:
    """
    Run the batch of the buildspec; what ``CombineArtifacts`` says replaces the project's word.

    Output artifacts are called ``<identifier>`` and ``<identifier>_<artifactIdentifier>``, or
    are the one combined artifact.
    Source: CodePipeline user guide, "AWS CodeBuild build and test action reference".
    """
    combine = request.configuration.get("CombineArtifacts", "").lower() == "true"
    batch = replace(build.project.batch, combine_artifacts=combine)
    asked = replace(build, project=replace(build.project, batch=batch))
    plan, _ = check_batch(asked, services)
    return _result(request, run_batch(plan, _inside(services, scope), parent=request.parent))


def resume_batch_of(
    request: ActionRequest, services: Services, scope: Scope
) -> ActionResult | None:
    """Take up the batch that was begun; None: there is none."""
    child = find_child(request, services, KIND)
    if child is None or not services.log.read(child.stream):
        return None
    return _result(request, resume_batch(child.stream, _inside(services, scope)))


def _inside(services: Services, scope: Scope) -> Services:
    return replace(services, cancel=scope.cancel, jobs=min(services.jobs, capacity()))


def _result(request: ActionRequest, batch: BatchResult) -> ActionResult:
    outputs = tuple(
        StoredArtifact(
            name=name,
            digest=batch.artifacts[name].digest,
            key=object_key(request.plan.name, name, batch.artifacts[name].digest),
        )
        for name in request.action.outputs
        if name in batch.artifacts
    )
    if batch.status == "SUCCEEDED":
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            external_execution_id=batch.batch_id,
            outputs=outputs,
        )
    message = f"Build terminated with state: {batch.status}"
    bad = next((n for n in batch.nodes if n.status not in {"", "SUCCEEDED"} and n.message), None)
    why = f"{bad.identifier}: {bad.message}" if bad is not None else batch.message
    return ActionResult(
        status=ActionStatus.FAILED,
        summary=message,
        external_execution_id=batch.batch_id,
        error=ErrorDetails(
            code=FailureType.JOB_FAILED,
            message=f"{message}. {why}" if why else message,
            hint=bad.hint if bad is not None else "",
        ),
    )
