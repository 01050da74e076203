"""
Custom actions that a worker of the user's carries out: it polls ``cicd serve`` for their jobs.

    local:
      jobWorkers: [MyBuilder]

Source: CodePipeline User Guide, "Create and add a custom action", "Create a job worker".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.pipeline.actions.lambda_function import ended_as
from cicd.pipeline.jobs.job import JobAction
from cicd.pipeline.jobs.ledger import result_of, submit
from cicd.pipeline.jobs.series import jobs_of
from cicd.pipeline.jobs.staging import is_staged, job_of, stage, staged

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.jobs.job import Job, JobResult
    from cicd.pipeline.result import ActionResult
    from cicd.ports import Services


class JobWorkerAction:
    """Offers a job, and waits for the report of whoever takes it, as long as an action may run."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Offer the job, again with each continuation token."""
        job = _job(request)
        stage(job, request, services)
        return self._followed(job, request, services, scope)

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Wait on for the report of a job that was put down."""
        job = _job(request)
        if not is_staged(job, services):
            return None
        return self._followed(job, request, services, scope)

    def _followed(
        self, job: Job, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult:
        provider = request.action.type_id.provider
        request.say(
            f"{request.action.name}: waiting for a worker of {provider}, which takes the job from "
            "'cicd serve' by PollForJobs and AcknowledgeJob"
        )
        with staged(job, services, scope):
            return ended_as(_reported(job, request, services, scope), job, request, services)


def _job(request: ActionRequest) -> Job:
    action, plan = request.action, request.plan
    return replace(
        job_of(request, action.outputs),
        action=JobAction(
            category=action.type_id.category,
            provider=action.type_id.provider,
            version=action.type_id.version,
            pipeline=plan.name,
            pipeline_arn=plan.arn,
            stage=action.stage,
            name=action.name,
            action_execution_id=action.action_execution_id,
            execution_id=plan.execution_id,
        ),
    )


def _reported(
    first: Job, request: ActionRequest, services: Services, scope: Scope
) -> JobResult | None:
    """Offer the jobs one after another, and give the last one's result."""
    for job in jobs_of(first, services):
        submit(job, services)
        result = _awaited(job, services, scope)
        if result is None or not (result.succeeded and result.continuation_token):
            return result
        request.say(f"{request.action.name} goes on later: {result.summary}".rstrip(": "))
    return None


def _awaited(job: Job, services: Services, scope: Scope) -> JobResult | None:
    """Wait for a job's result; None: the action was asked to end meanwhile."""
    inbox = services.clock.inbox()
    scope.cancel.on_cancel(lambda: inbox.put(None))
    unsubscribe = services.log.subscribe(lambda _: inbox.put(None))
    try:
        while (result := result_of(job.id, services)) is None and scope.cancel.reason is None:
            inbox.take(None)
    finally:
        unsubscribe()
    return result


JOB_WORKER = JobWorkerAction()
