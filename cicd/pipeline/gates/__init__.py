"""
The rules of stage conditions: one file a provider.

VariableCheck is pure, and so stands in ``condition.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.registry import Registry

if TYPE_CHECKING:
    from cicd.pipeline.gates.provider import RuleProvider

GATES: Registry[RuleProvider] = Registry(
    "cicd.gates",
    {
        "DeploymentWindow": "cicd.pipeline.gates.deployment_window:DEPLOYMENT_WINDOW",
        "CloudWatchAlarm": "cicd.pipeline.gates.cloudwatch_alarm:CLOUDWATCH_ALARM",
        "LambdaInvoke": "cicd.pipeline.gates.lambda_invoke:LAMBDA_INVOKE",
        "Commands": "cicd.pipeline.gates.builds:COMMANDS",
        "CodeBuild": "cicd.pipeline.gates.builds:CODE_BUILD",
    },
)
