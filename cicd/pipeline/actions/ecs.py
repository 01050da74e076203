"""Deploy/AWS/ECS: the images of ``imagedefinitions.json`` into a service, task by task."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.errors import DocumentError, UsageError
from cicd.pipeline.actions.input_file import read_input
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    failed,
    misconfigured,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.rolling.service import RollingService
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

LARGEST_FILE: Final = 100_000
"""Bytes of ``imagedefinitions.json``. Source: CodePipeline User Guide, "Quotas"."""
LONGEST: Final = 60
"""Minutes that a deployment may take, which is what it may take where nothing is said."""
_USUAL: Final = "imagedefinitions.json"


class EcsAction:
    """
    Gives the service a new revision of its task definition, and replaces its tasks.

    Source: CodePipeline User Guide, "Amazon Elastic Container Service deploy action reference".
    """

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Deploy; done is what is steady."""
        from cicd.deploy.rolling.reader import find_service
        from cicd.pipeline.resources_of import resources_of

        given = request.configuration
        try:
            minutes = _minutes(given)
            service = find_service(
                resources_of(request.plan), given["ClusterName"], given["ServiceName"]
            )
            images = _images(request, services)
            return self._rolled(request, service, images, minutes, services, scope)
        except (UsageError, DocumentError) as refused:
            return misconfigured(refused)

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Go on with the revision that was begun: tasks that are there are not started again."""

    def _rolled(
        self,
        request: ActionRequest,
        service: RollingService,
        images: Mapping[str, str],
        minutes: int,
        services: Services,
        scope: Scope,
    ) -> ActionResult:
        from cicd.deploy.rolling.carry_out import roll_out

        path = Path(request.plan.root) / service.task_definition
        if not path.is_file():
            raise UsageError(
                f"there is no task definition '{service.task_definition}' beside cicd.yml",
                hint="put it there, as 'aws ecs register-task-definition' takes it",
            )
        rolled = roll_out(
            service,
            path.read_text("utf-8", "replace"),
            images,
            owner=request.parent,
            timeout=timedelta(minutes=minutes),
            services=services,
            cancel=scope.cancel,
            say=lambda line: request.say(f"{request.action.name}: {line}"),
        )
        number = f"{service.name}:{rolled.revision}"
        if rolled.reason:
            return failed(
                FailureType.JOB_FAILED,
                f"the service {service.name} is not steady with revision {rolled.revision}: "
                f"{rolled.reason}",
                external_id=number,
            )
        if service.router is not None:
            listen = service.router.routes[0].listen
            request.say(f"{request.action.name}: {service.name} serves at http://{listen}")
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=f"{service.name} is steady with revision {rolled.revision}",
            external_execution_id=number,
        )


def _minutes(given: Mapping[str, str]) -> int:
    written = given.get("DeploymentTimeout")
    if not written:
        return LONGEST
    if not written.isdecimal() or not 1 <= int(written) <= LONGEST:
        raise UsageError(
            f"'DeploymentTimeout' is '{written}', and must be minutes from 1 to {LONGEST}"
        )
    return int(written)


def _images(request: ActionRequest, services: Services) -> Mapping[str, str]:
    """Read the images by container; raises ``UsageError`` in the service's words."""
    from cicd.deploy.taskdef.images import images_of_definitions

    name = request.configuration.get("FileName") or _USUAL
    taken = request.inputs[0]
    text = read_input(request, services, taken.name, name)
    if text is None:
        raise UsageError(
            f"Did not find the image definition file {name} in the input artifacts ZIP file. "
            "Verify the file is stored in your pipeline's Amazon S3 artifact bucket: "
            f"{request.bucket} key: {taken.key}",
            hint=f"have the build write it, and list it under 'artifacts: files:': {name}",
        )
    if len(text.encode()) > LARGEST_FILE:
        raise UsageError(f"The image definition file {name} is larger than {LARGEST_FILE} bytes")
    try:
        found = images_of_definitions(text, name)
    except UsageError as refused:
        raise UsageError(
            f"The image definition file {name} contents invalid JSON format", hint=refused.hint
        ) from None
    if not found:
        raise UsageError(
            f"The image definition file {name} names no container",
            hint='write [{"name": "web", "imageUri": "shop:2"}]',
        )
    return found


ECS_DEPLOY = EcsAction()
