"""Which action types there are, how many artifacts each takes, and its configuration keys."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class Category(StrEnum):
    """What an action is for."""

    SOURCE = "Source"
    BUILD = "Build"
    DEPLOY = "Deploy"
    TEST = "Test"
    INVOKE = "Invoke"
    APPROVAL = "Approval"
    COMPUTE = "Compute"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTypeId:
    """Category, owner, provider and version: the name of an action type."""

    category: str
    owner: str
    provider: str
    version: str = "1"

    def __str__(self) -> str:
        """Give the registry's key, such as "Build/AWS/CodeBuild"."""
        return f"{self.category}/{self.owner}/{self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """
    What AWS asks of every action of one type.

    ``inputs`` and ``outputs`` are the counts allowed; ``optional`` is complete only where
    ``closed`` says so, and only then is an unknown configuration key a problem.
    ``masked`` values are secrets, which AWS gives back as "****".

    Source: CodePipeline User Guide, "Action structure reference", and its table of
    "Valid number of input and output artifacts for each action type".
    """

    inputs: range
    outputs: range
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    closed: bool = True
    v2_only: bool = False


def _counts(low: int, high: int) -> range:
    return range(low, high + 1)


def _type(
    inputs: tuple[int, int],
    outputs: tuple[int, int],
    required: str = "",
    optional: str = "",
    *,
    masked: str = "",
    closed: bool = True,
    v2_only: bool = False,
) -> ActionType:
    return ActionType(
        inputs=_counts(*inputs),
        outputs=_counts(*outputs),
        required=tuple(required.split()),
        optional=tuple(optional.split()),
        masked=tuple(masked.split()),
        closed=closed,
        v2_only=v2_only,
    )


_CODE_BUILD = _type(
    (1, 5),
    (0, 5),
    "ProjectName",
    "PrimarySource EnvironmentVariables BatchEnabled CombineArtifacts BuildspecOverride",
)

ACTION_TYPES: Mapping[str, ActionType] = MappingProxyType(
    {
        "Source/AWS/S3": _type(
            (0, 0),
            (1, 1),
            "S3Bucket S3ObjectKey",
            "PollForSourceChanges AllowOverrideForS3ObjectKey",
        ),
        "Source/AWS/CodeCommit": _type(
            (0, 0),
            (1, 1),
            "RepositoryName BranchName",
            "PollForSourceChanges OutputArtifactFormat",
        ),
        "Source/AWS/CodeStarSourceConnection": _type(
            (0, 0),
            (1, 1),
            "ConnectionArn FullRepositoryId BranchName",
            "OutputArtifactFormat DetectChanges",
        ),
        "Source/ThirdParty/GitHub": _type(
            (0, 0),
            (1, 1),
            "Owner Repo Branch",
            "OAuthToken PollForSourceChanges",  # AWS wants the token; nothing here does
            masked="OAuthToken",
        ),
        "Source/AWS/ECR": _type((0, 0), (1, 1), "RepositoryName", "ImageTag"),
        "Build/AWS/CodeBuild": _CODE_BUILD,
        "Test/AWS/CodeBuild": _CODE_BUILD,
        "Build/AWS/ECRBuildAndPublish": _type(
            (1, 1),
            (0, 0),
            "ECRRepositoryName",
            "DockerFilePath ImageTags RegistryType",
            v2_only=True,
        ),
        "Test/AWS/DeviceFarm": _type(
            (1, 1),
            (0, 0),
            "AppType ProjectId App DevicePoolArn TestType",
            "Test AppiumVersion RecordAppPerformanceData RecordVideo JobTimeoutMinutes "
            "FuzzEventCount FuzzEventThrottle FuzzRandomizerSeed",
            closed=False,
        ),
        "Compute/AWS/Commands": _type(
            (1, 10),
            (0, 1),
            "",
            "EnvironmentType ComputeType VpcId Subnets SecurityGroupIds PrimarySource",
            v2_only=True,
        ),
        "Approval/AWS/Manual": _type(
            (0, 0), (0, 0), "", "NotificationArn CustomData ExternalEntityLink"
        ),
        "Deploy/AWS/S3": _type(
            (1, 1),
            (0, 0),
            "BucketName Extract",
            "ObjectKey CannedACL CacheControl KMSEncryptionKeyARN",
        ),
        "Deploy/AWS/CloudFormation": _type(
            (0, 10),
            (0, 1),
            "ActionMode StackName",
            "Capabilities ChangeSetName RoleArn TemplatePath TemplateConfiguration "
            "ParameterOverrides OutputFileName",
        ),
        "Deploy/AWS/CloudFormationStackSet": _type(
            (1, 3),
            (0, 0),
            "StackSetName TemplatePath",
            "Description Parameters Capabilities PermissionModel AdministrationRoleArn "
            "ExecutionRoleName OrganizationsAutoDeployment DeploymentTargets Regions "
            "FailureTolerancePercentage MaxConcurrentPercentage",
            closed=False,
        ),
        "Deploy/AWS/CloudFormationStackInstances": _type(
            (0, 2),
            (0, 0),
            "StackSetName Regions",
            "DeploymentTargets ParameterOverrides FailureTolerancePercentage "
            "MaxConcurrentPercentage",
            closed=False,
        ),
        "Deploy/AWS/CodeDeploy": _type((1, 1), (0, 0), "ApplicationName DeploymentGroupName"),
        "Deploy/AWS/CodeDeployToECS": _type(
            (1, 5),
            (0, 0),
            "ApplicationName DeploymentGroupName TaskDefinitionTemplateArtifact "
            "AppSpecTemplateArtifact",
            "TaskDefinitionTemplatePath AppSpecTemplatePath "
            + " ".join(f"Image{n}ArtifactName Image{n}ContainerName" for n in range(1, 5)),
        ),
        "Deploy/AWS/ECS": _type(
            (1, 1), (0, 0), "ClusterName ServiceName", "FileName DeploymentTimeout"
        ),
        "Deploy/AWS/EC2": _type(
            (1, 1),
            (0, 0),
            "InstanceTagKey InstanceType",
            "InstanceTagValue TargetDirectory PreScript PostScript DeploySpec MaxBatch MaxError "
            "TargetGroupNameList",
            v2_only=True,
        ),
        "Deploy/AWS/EKS": _type(
            (1, 1),
            (0, 0),
            "ClusterName",
            "HelmReleaseName HelmChartLocation HelmValuesFiles ManifestFiles Namespace Subnets "
            "SecurityGroupIds",
            v2_only=True,
        ),
        "Deploy/AWS/Lambda": _type(
            (0, 1),
            (0, 0),
            "FunctionName",
            "FunctionAlias PublishedTargetVersion DeployStrategy Alarms",
            v2_only=True,
        ),
        "Deploy/AWS/AppConfig": _type(
            (1, 1),
            (0, 0),
            "Application Environment ConfigurationProfile InputArtifactConfigurationPath",
            "DeploymentStrategy",
        ),
        "Deploy/AWS/ElasticBeanstalk": _type((1, 1), (0, 0), "ApplicationName EnvironmentName"),
        # Its pages say Stack, App and Layer; templates that people have say StackId, AppId, …
        "Deploy/AWS/OpsWorks": _type((1, 1), (0, 0), "", "Stack App Layer", closed=False),
        "Deploy/AWS/ServiceCatalog": _type(
            (1, 1),
            (0, 0),
            "ProductId",  # either a configuration file, or all of the rest
            "ConfigurationFilePath TemplateFilePath ProductVersionName ProductType "
            "ProductVersionDescription",
        ),
        "Deploy/ThirdParty/AlexaSkillsKit": _type(
            (0, 2),
            (0, 0),
            "ClientId ClientSecret RefreshToken SkillId",
            masked="ClientSecret RefreshToken",
        ),
        "Invoke/AWS/Lambda": _type((0, 5), (0, 5), "FunctionName", "UserParameters"),
        "Invoke/AWS/StepFunctions": _type(
            (0, 1), (0, 1), "StateMachineArn", "ExecutionNamePrefix InputType Input"
        ),
        "Invoke/AWS/CodePipeline": _type(
            (0, 0), (0, 0), "PipelineName", "SourceRevisions Variables", v2_only=True
        ),
        "Invoke/AWS/InspectorScan": _type(
            (0, 1),
            (0, 1),
            "InspectorRunMode",
            "ECRRepositoryName ImageTag CriticalThreshold HighThreshold MediumThreshold "
            "LowThreshold",
        ),
        "Invoke/ThirdParty/Snyk": _type((1, 1), (1, 1), closed=False),
        "Test/ThirdParty/GhostInspector": _type((0, 1), (0, 1), closed=False),
        "Test/ThirdParty/Runscope": _type((0, 1), (0, 1), closed=False),
        "Test/ThirdParty/StormRunnerLoad": _type((0, 1), (0, 1), closed=False),
        "Test/ThirdParty/Nouvola": _type((0, 1), (0, 1), closed=False),
        "Test/ThirdParty/BlazeMeter": _type((0, 1), (0, 1), closed=False),
    }
)

_CUSTOM = _type((0, 5), (0, 5), closed=False)


def find_action_type(type_id: ActionTypeId) -> ActionType | None:
    """
    Look up what AWS asks of ``type_id``; ``None`` when AWS has no such action type.

    Custom action types are their users' own: up to five artifacts each way, any configuration.
    """
    if type_id.owner == "Custom":
        return _CUSTOM
    return ACTION_TYPES.get(str(type_id))
