"""Which commands are control calls, and which of their words are the calls' parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cicd.event import JSON
from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A call of a service, and which of a command's words are its parameters."""

    service: str
    name: str
    kept: Mapping[str, str]  # a command's parameter → the call's
    hidden: Mapping[str, str]  # NAME=VALUE: of these only the names are kept
    fixed: Mapping[str, JSON]  # what the command itself says

    @property
    def begins(self) -> bool:
        """Tell whether it makes an execution: without one, nothing was asked for."""
        return self.name in _BEGIN


_BEGIN = (
    "StartBuild",
    "StartBuildBatch",
    "StartPipelineExecution",
    "CreateDeployment",
    "RetryBuild",
    "RetryBuildBatch",
    "RollbackStage",
)


def _call(
    service: str,
    name: str,
    hidden: str = "",
    fixed: Mapping[str, JSON] | None = None,
    /,
    **kept: str,
) -> Control:
    pairs = [each.split("=") for each in hidden.split()]
    return Control(
        service=service,
        name=name,
        kept=kept,
        hidden=dict(pairs),
        fixed=fixed or {},
    )


EXECUTION = "pipelineExecutionId"
_VALUE = {"name": "name"}
CONTROLS: Mapping[str, Control] = {
    "build": _call(
        "codebuild",
        "StartBuild",
        "env=environmentVariablesOverride",
        project="projectName",
        buildspec="buildspecOverride",
        image="imageOverride",
    ),
    "builds stop": _call("codebuild", "StopBuild", build_id="id"),
    "builds retry": _call("codebuild", "RetryBuild", build_id="id"),
    "batches stop": _call("codebuild", "StopBuildBatch", batch_id="id"),
    "batches retry": _call("codebuild", "RetryBuildBatch", batch_id="id"),
    "pipeline run": _call(
        "codepipeline",
        "StartPipelineExecution",
        "variables=variables parameters=parameters",
        definition="name",
        revisions="sourceRevisions",
    ),
    "pipeline stop": _call(
        "codepipeline",
        "StopPipelineExecution",
        execution=EXECUTION,
        abandon="abandon",
        reason="reason",
    ),
    "pipeline approve": _call(
        "codepipeline",
        "PutApprovalResult",
        "",
        {"result": {"status": "Approved"}},
        execution=EXECUTION,
        action="actionName",
        summary="summary",
    ),
    "pipeline reject": _call(
        "codepipeline",
        "PutApprovalResult",
        "",
        {"result": {"status": "Rejected"}},
        execution=EXECUTION,
        action="actionName",
        summary="summary",
    ),
    "pipeline retry-stage": _call(
        "codepipeline",
        "RetryStageExecution",
        stage="stageName",
        execution=EXECUTION,
        mode="retryMode",
    ),
    "pipeline rollback-stage": _call(
        "codepipeline", "RollbackStage", stage="stageName", target="targetPipelineExecutionId"
    ),
    "pipeline override-condition": _call(
        "codepipeline",
        "OverrideStageCondition",
        stage="stageName",
        execution=EXECUTION,
        kind="conditionType",
    ),
    "pipeline disable-transition": _call(
        "codepipeline",
        "DisableStageTransition",
        stage="stageName",
        definition="pipelineName",
        reason="reason",
    ),
    "pipeline enable-transition": _call(
        "codepipeline", "EnableStageTransition", stage="stageName", definition="pipelineName"
    ),
    "deploy run": _call(
        "codedeploy",
        "CreateDeployment",
        revision="revision",
        group_name="deploymentGroupName",
        strategy="deploymentConfigName",
        description="description",
    ),
    "deploy stop": _call("codedeploy", "StopDeployment", deployment_id="deploymentId"),
    "deploy rollback": _call("codedeploy", "CreateDeployment", deployment_id="rollbackOf"),
    "deploy continue": _call(
        "codedeploy", "ContinueDeployment", deployment_id="deploymentId", wait="deploymentWaitType"
    ),
    "secret put": _call("secretsmanager", "PutSecretValue", name="secretId"),
    "secret rm": _call("secretsmanager", "DeleteSecret", name="secretId"),
    "parameter put": _call("ssm", "PutParameter", **_VALUE),
    "parameter rm": _call("ssm", "DeleteParameter", **_VALUE),
    "alarm set-state": _call(
        "monitoring", "SetAlarmState", name="alarmName", state="stateValue", reason="stateReason"
    ),
    # A fleet is what an Auto Scaling group is, a router what a load balancer is.
    "fleet up": _call(
        "autoscaling",
        "CreateAutoScalingGroup",
        name="autoScalingGroupName",
        count="desiredCapacity",
        image="imageId",
    ),
    "fleet scale": _call(
        "autoscaling", "SetDesiredCapacity", name="autoScalingGroupName", count="desiredCapacity"
    ),
    "fleet down": _call("autoscaling", "DeleteAutoScalingGroup", name="autoScalingGroupName"),
    "fleet fault": _call(
        "fis", "StartExperiment", name="autoScalingGroupName", member="instanceId", what="action"
    ),
    "service rm": _call("ecs", "DeleteService", "", {"force": True}, name="service"),
    "router stop": _call("elasticloadbalancing", "DeleteLoadBalancer", name="loadBalancerName"),
    "function create": _call(
        "lambda",
        "CreateFunction",
        "env=environment",
        name="functionName",
        runtime="runtime",
        handler="handler",
        publish="publish",
    ),
    "function update": _call(
        "lambda",
        "UpdateFunctionCode",
        "env=environment",
        name="functionName",
        code="code",
        runtime="runtime",
        handler="handler",
        publish="publish",
    ),
    "function publish": _call("lambda", "PublishVersion", name="functionName"),
    "function alias": _call(
        "lambda",
        "UpdateAlias",
        name="functionName",
        alias_name="name",
        version="functionVersion",
        weights="additionalVersionWeights",
    ),
    "function rm": _call("lambda", "DeleteFunction", name="functionName", version="qualifier"),
    "artifact prune": _call("s3", "DeleteObjects", older_than="olderThan", max_size="maximumSize"),
}
"""By the words of a command, without ``cicd``. Looking is no control call."""


def control_of(command_path: str, words: Mapping[str, object]) -> Control | None:
    """Find the control call that a command is, by its path and its parameters."""
    if words.get("plan") is True or words.get("dry_run") is True:
        return None
    path = command_path.partition(" ")[2]
    found = CONTROLS.get(path)
    if found is not None and path == "build" and words.get("batch") is True:
        return replace(found, name="StartBuildBatch")
    if found is not None and path == "function alias":
        if words.get("removed") is True:
            return replace(found, name="DeleteAlias")
        if not any(words.get(each) for each in ("version", "weights", "description")):
            return None  # it is only looked at
    return found
