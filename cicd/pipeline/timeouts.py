"""How long an action may run. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.action_type import ActionTypeId

TIMED_OUT = "TIMED_OUT"

_ELSE: Final = timedelta(hours=1)
_CUSTOM: Final = timedelta(hours=24)
_LIMITS: Final[Mapping[str, timedelta]] = {
    "Build/CodeBuild": timedelta(hours=36),
    "Test/CodeBuild": timedelta(hours=8),
    "Test/DeviceFarm": timedelta(hours=8),
    "Deploy/CloudFormation": timedelta(days=3),
    "Deploy/CloudFormationStackSet": timedelta(days=3),
    "Deploy/CloudFormationStackInstances": timedelta(days=3),
    "Deploy/CodeDeploy": timedelta(days=5),
    "Deploy/CodeDeployToECS": timedelta(days=5),
    "Deploy/S3": timedelta(minutes=90),
    "Invoke/Lambda": timedelta(hours=24),
    "Invoke/StepFunctions": timedelta(days=7),
    "Compute/Commands": timedelta(minutes=55),
}


def limit(type_id: ActionTypeId) -> timedelta:
    """
    Say how long an action of a type may run; a manual approval's waiting is another matter.

    Source: CodePipeline User Guide, "Quotas in AWS CodePipeline", the timeouts of actions.
    """
    if type_id.owner == "Custom":
        return _CUSTOM
    return _LIMITS.get(f"{type_id.category}/{type_id.provider}", _ELSE)
