"""What ``Ref`` and ``Fn::GetAtt`` give of a stack's resources here: names, ARNs, attributes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.account import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK = "local"
PSEUDO: Mapping[str, str] = MappingProxyType(
    {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/{STACK}",
        "AWS::StackName": STACK,
        "AWS::URLSuffix": "amazonaws.com",
    }
)
"""Local rule: the values that a stack of AWS would have are those of this machine's own."""

NO_VALUE = "AWS::NoValue"
NOTIFICATION_ARNS = "AWS::NotificationARNs"

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AWS::CodeBuild::Project": "Name",
        "AWS::CodeCommit::Repository": "RepositoryName",
        "AWS::CodeDeploy::Application": "ApplicationName",
        "AWS::CodeDeploy::DeploymentConfig": "DeploymentConfigName",
        "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
        "AWS::CodePipeline::Pipeline": "Name",
        "AWS::ECR::Repository": "RepositoryName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::S3::Bucket": "BucketName",
        "AWS::SSM::Parameter": "Name",
        "AWS::StepFunctions::StateMachine": "StateMachineName",
    }
)
"""The property that names a resource; ``Ref`` gives that name, or the ARN."""

REFERRED_BY_ARN = frozenset({"AWS::StepFunctions::StateMachine"})
"""Types of which ``Ref`` gives the ARN."""

REFERRED_BY_ID = frozenset({"AWS::CodeCommit::Repository"})
"""Types of which ``Ref`` gives an id that is not the name."""

_ARNS: Mapping[str, str] = MappingProxyType(
    {
        "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/",
        "AWS::CodeCommit::Repository": f"arn:aws:codecommit:{REGION}:{ACCOUNT}:",
        "AWS::ECR::Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/",
        "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/",
        "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:",
        "AWS::S3::Bucket": "arn:aws:s3:::",
        "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:",
    }
)
_GIT = f"git-codecommit.{REGION}.amazonaws.com/v1/repos/"
_AROUND: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("AWS::CodeCommit::Repository", "CloneUrlHttp"): (f"https://{_GIT}", ""),
        ("AWS::CodeCommit::Repository", "CloneUrlSsh"): (f"ssh://{_GIT}", ""),
        ("AWS::ECR::Repository", "RepositoryUri"): (
            f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/",
            "",
        ),
        ("AWS::S3::Bucket", "DomainName"): ("", ".s3.amazonaws.com"),
        ("AWS::S3::Bucket", "RegionalDomainName"): ("", f".s3.{REGION}.amazonaws.com"),
        ("AWS::S3::Bucket", "WebsiteURL"): (
            "http://",
            f".s3-website-{REGION}.amazonaws.com",
        ),
    }
)
_ITSELF = frozenset({"Name", "RepositoryName"})

OF_PROPERTIES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("AWS::SSM::Parameter", "Value"): "Value",
        ("AWS::SSM::Parameter", "Type"): "Type",
    }
)
"""Attributes that are what a property of the resource says."""


def around_name(kind: str, attribute: str) -> tuple[str, str] | None:
    """
    Give what stands before and after a resource's name in one of its attributes.

    ``None``: the attribute is not known before the resource is made.
    """
    if attribute == "Arn" and kind in _ARNS:
        return _ARNS[kind], ""
    if attribute in _ITSELF and kind in NAMES:
        return "", ""
    return _AROUND.get((kind, attribute))
