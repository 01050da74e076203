"""How long an action may run. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.action_type import ActionTypeId
    from cicd.pipeline.condition import RulePlan

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
    "Approval/Manual": timedelta(days=7),
}
_RULES: Final[Mapping[str, timedelta]] = {
    "Commands": timedelta(minutes=55),
    "CodeBuild": timedelta(hours=8),
    "CloudWatchAlarm": timedelta(days=60),  # 86400 minutes, the most that a rule may ask for
}


def limit(type_id: ActionTypeId) -> timedelta:
    """
    Say how long an action of a type may run; a manual approval's waiting is another matter.

    Source: CodePipeline User Guide, "Quotas in AWS CodePipeline", the timeouts of actions.
    """
    if type_id.owner == "Custom":
        return _CUSTOM
    return _LIMITS.get(f"{type_id.category}/{type_id.provider}", _ELSE)


def rule_limit(rule: RulePlan) -> timedelta:
    """
    Say how long a condition's rule may take: as it says itself, else as its provider.

    Source: CodePipeline User Guide, "Rule structure reference"; an alarm's own WaitTime counts.
    """
    if rule.timeout is not None:
        return rule.timeout
    return _RULES.get(rule.provider, _ELSE)
