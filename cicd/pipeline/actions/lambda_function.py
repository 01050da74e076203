"""
Invoke/AWS/Lambda: a function of this machine is invoked, and says itself how the action ends.

It reports by PutJobSuccessResult or PutJobFailureResult; what it returns means nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.functions.refusal import FunctionRefused
from cicd.pipeline.jobs.follow import Silent, follow
from cicd.pipeline.jobs.ledger import note_taken, objects_of, taken_from
from cicd.pipeline.jobs.series import newest_id
from cicd.pipeline.jobs.staging import is_staged, job_of, stage, staged
from cicd.pipeline.jobs.template_function import follow_template
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.temporary import temporary

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.jobs.job import Job, JobResult
    from cicd.ports import Services


class LambdaInvocation:
    """Invokes ``FunctionName`` with the job's event, again with each continuation token."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Invoke it, and wait for its report."""
        job = job_of(request, request.action.outputs)
        stage(job, request, services)
        return self._followed(job, request, services, scope)

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Go on with the jobs: what had not reported is invoked again."""
        job = job_of(request, request.action.outputs)
        if not is_staged(job, services):
            return None
        return self._followed(job, request, services, scope)

    def _followed(
        self, job: Job, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult:
        try:
            with staged(job, services, scope):
                follow_template(request.configuration["FunctionName"], request.plan, services)
                result = follow(job, services, scope, request.say)
                return ended_as(result, job, request, services)
        except FunctionRefused as refusal:
            return failed(
                FailureType.CONFIGURATION_ERROR, refusal.message, hint=refusal.hint or ""
            )
        except Silent as silence:
            return failed(FailureType.JOB_FAILED, silence.message, hint=silence.hint or "")


def ended_as(
    result: JobResult | None, job: Job, request: ActionRequest, services: Services
) -> ActionResult:
    """Make a job's result that of its action, with what was put into its outputs' places."""
    if result is None:
        return failed(FailureType.JOB_FAILED, "the job was asked to end")
    if not result.succeeded:
        return failed(
            FailureType(result.failure_type),
            result.message,
            external_id=result.external_execution_id,
        )
    ended = newest_id(job.id, services)
    outputs = taken_from(ended, services)
    if outputs is None:
        outputs = _take(job, request, services)
        # The places are cleared before the action's outcome is written: a crash in between must
        # find what was in them.
        note_taken(ended, outputs, services)
    return ActionResult(
        status=ActionStatus.SUCCEEDED,
        summary=result.summary,
        external_execution_id=result.external_execution_id,
        outputs=outputs,
        variables=result.variables,
    )


def _take(job: Job, request: ActionRequest, services: Services) -> tuple[StoredArtifact, ...]:
    """Put into the store what was put into the outputs' places."""
    outputs = []
    bucket = services.bucket(str(objects_of(job.bucket, services)))
    for output in job.outputs:
        with temporary("job") as scratch:
            path = scratch / "artifact.zip"
            if not bucket.read(output.object_key, path):
                continue  # whoever takes it says that nothing put files into it
            kept = services.artifacts.put_zip(path)
        key = object_key(request.plan.name, output.name, kept.digest)
        outputs.append(StoredArtifact(name=output.name, digest=kept.digest, key=key))
    return tuple(outputs)


LAMBDA = LambdaInvocation()
