"""Deploy/AWS/CodeDeployToECS: a task definition and its images onto a service, blue/green."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.pipeline.actions.codedeploy import CodeDeployAction, deployed
from cicd.pipeline.actions.input_file import read_input
from cicd.pipeline.actions.provider import child_uuid
from cicd.pipeline.result import FailureType, failed

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.result import ActionResult
    from cicd.ports import Services

MOST_IMAGES: Final = 4
_DETAIL: Final = "imageDetail.json"
_REVISION: Final = "revision"


class CodeDeployToEcsAction(CodeDeployAction):
    """Puts the templates and images of its inputs together, and deploys them."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """
        Deploy; a file that an input lacks fails the action.

        Source: CodePipeline User Guide, "Amazon ECS and CodeDeploy blue-green deploy action".
        """
        from cicd.deploy.compile import deployment_id
        from cicd.deploy.find_group import find_group
        from cicd.deploy.run import DeploymentRequest, run_deployment
        from cicd.deploy.taskdef.images import image_of_detail
        from cicd.pipeline.resources_of import resources_of

        configuration = request.configuration
        group = find_group(
            resources_of(request.plan),
            name=configuration["DeploymentGroupName"],
            application=configuration["ApplicationName"],
            home=services.home,
        )
        if group.service is None:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"the deployment group '{group.name}' has no 'ecsServices'",
                hint="use a CodeDeploy action for instances",
            )
        task, spec = (
            configuration.get("TaskDefinitionTemplatePath") or "taskdef.json",
            configuration.get("AppSpecTemplatePath") or "appspec.yaml",
        )
        wanted = [
            (configuration["TaskDefinitionTemplateArtifact"], task),
            (configuration["AppSpecTemplateArtifact"], spec),
        ]
        named = [
            (configuration[f"Image{n}ArtifactName"], configuration[f"Image{n}ContainerName"])
            for n in range(1, MOST_IMAGES + 1)
            if configuration.get(f"Image{n}ArtifactName")
            and configuration.get(f"Image{n}ContainerName")
        ]
        found: dict[tuple[str, str], str] = {}
        for artifact, name in (*wanted, *((artifact, _DETAIL) for artifact, _ in named)):
            text = read_input(request, services, artifact, name)
            if text is None:
                return failed(
                    FailureType.JOB_FAILED,
                    f"the input artifact '{artifact}' has no file '{name}'",
                    hint="look at inputArtifacts, and at what the action before puts there",
                )
            found[artifact, name] = text
        revision = request.workspace / _REVISION
        for artifact, name in wanted:
            place = revision / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(found[artifact, name], encoding="utf-8")
        deployment = DeploymentRequest(
            group=replace(group, service=replace(group.service, task_definition=task)),
            revision=revision,
            appspec=spec,
            creator=f"codepipeline/{request.plan.name}",
            parent=request.parent,
            deployment_id=deployment_id(child_uuid(request)),
            images=tuple(
                (container, image_of_detail(found[artifact, _DETAIL], _DETAIL))
                for artifact, container in named
            ),
        )
        return deployed(request, run_deployment(deployment, services, cancel=scope.cancel))


CODE_DEPLOY_TO_ECS = CodeDeployToEcsAction()
