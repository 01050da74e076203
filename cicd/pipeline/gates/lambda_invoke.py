"""LambdaInvoke: a rule that holds when a function reports success."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.condition import RuleResult
    from cicd.pipeline.gates.provider import RuleRequest
    from cicd.ports import Services


class LambdaInvoke:
    """Invokes ``FunctionName`` as an action does, and asks for its report."""

    def ask(
        self, request: RuleRequest, services: Services, scope: Scope, *, again: bool
    ) -> RuleResult:
        """See ``RuleProvider``; one that was invoked before is only waited for."""
        from cicd.functions.refusal import FunctionRefused
        from cicd.pipeline.jobs.follow import Silent, follow
        from cicd.pipeline.jobs.staging import is_staged, job_of, stage, staged
        from cicd.pipeline.jobs.template_function import follow_template

        job = job_of(request)
        if not (again and is_staged(job, services)):
            stage(job, request, services)
        try:
            with staged(job, services, scope):
                follow_template(request.configuration["FunctionName"], request.plan, services)
                result = follow(job, services, scope, request.say)
        except FunctionRefused as refusal:
            return request.misconfigured(refusal.message)
        except Silent as silence:
            return request.said(holds=False, summary=silence.message, code="JobFailed")
        if result is None:
            return request.said(holds=False, summary="the function was asked to end")
        if result.succeeded:
            return request.said(
                holds=True, summary=result.summary, external_id=result.external_execution_id
            )
        return request.said(
            holds=False,
            summary=result.message,
            external_id=result.external_execution_id,
            code=result.failure_type,
        )


LAMBDA_INVOKE = LambdaInvoke()
