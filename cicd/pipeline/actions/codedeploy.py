"""Deploy/AWS/CodeDeploy: the input artifact onto a deployment group of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.actions.provider import child_uuid, find_child
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    ErrorDetails,
    FailureType,
)

if TYPE_CHECKING:
    from cicd.deploy.result import DeploymentResult
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

SUCCEEDED = "Succeeded"


class CodeDeployAction:
    """Makes a deployment of the artifact, and follows it to its end."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Deploy; a missing or invalid AppSpec is a failed deployment, as at AWS."""
        from cicd.deploy.compile import deployment_id
        from cicd.deploy.find_group import find_group
        from cicd.deploy.fleet.ledger import members_of
        from cicd.deploy.run import DeploymentRequest, run_deployment
        from cicd.pipeline.resources_of import resources_of

        group = find_group(
            resources_of(request.plan),
            name=request.configuration["DeploymentGroupName"],
            application=request.configuration["ApplicationName"],
            home=services.home,
            tagged=services.tagged,
            members=lambda fleet: members_of(fleet, services),
        )
        taken = request.inputs[0]
        stored = stored_input(taken, services)
        deployment = DeploymentRequest(
            group=group,
            revision=services.artifacts.path(stored),
            creator=f"codepipeline/{request.plan.name}",
            parent=request.parent,
            deployment_id=deployment_id(child_uuid(request)),
            revision_name=f"s3://{request.bucket}/{taken.key}",
            refuse_invalid=False,
        )
        return deployed(request, run_deployment(deployment, services, cancel=scope.cancel))

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Take up the deployment that was begun; it may have ended since. None: begin it."""
        from cicd.deploy.run import resume_deployment

        child = find_child(request, services, "deployment")
        if child is None:
            return None
        deployment_id = child.stream.partition("/")[2]
        return deployed(request, resume_deployment(deployment_id, services, cancel=scope.cancel))


def deployed(request: ActionRequest, deployment: DeploymentResult) -> ActionResult:
    """Say of an action how its deployment ended."""
    if deployment.status == SUCCEEDED:
        for target, endpoint in deployment.endpoints.items():
            request.say(f"{request.action.name}: {target} serves at {endpoint}")
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary="Deployment Succeeded",
            external_execution_id=deployment.deployment_id,
        )
    message = f"Deployment {deployment.deployment_id} {deployment.status}"
    if deployment.failure:
        message = f"{message}: {deployment.failure}"
    return ActionResult(
        status=ActionStatus.FAILED,
        summary=message.partition("\n")[0],
        external_execution_id=deployment.deployment_id,
        error=ErrorDetails(code=FailureType.JOB_FAILED, message=message),
    )


CODE_DEPLOY = CodeDeployAction()
