"""A job, its result, and the event that a function is invoked with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from cicd.account import ACCOUNT
from cicd.pipeline.result import FailureType
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import JSON

SUMMARY_LENGTH: Final = 2048  # of ``executionDetails``; a token and a message have limits, too
TOKEN_LENGTH: Final = 2048
MESSAGE_LENGTH: Final = 5000
FAILURE_TYPES: Final = tuple(
    kind.value for kind in FailureType if kind is not FailureType.LOCAL_UNSUPPORTED
)
"""Source: CodePipeline API Reference, "FailureDetails"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobArtifact:
    """An artifact of a job: where its zip is, or is to be put."""

    name: str
    object_key: str
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAction:
    """The action that a worker's job is of."""

    category: str
    provider: str
    version: str
    pipeline: str
    pipeline_arn: str = ""
    stage: str
    name: str
    action_execution_id: str
    execution_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One invocation of a function by a pipeline, or what a worker of a custom action is given."""

    id: str
    action: JobAction | None = None  # of a worker's
    configuration: Mapping[str, str]  # FunctionName, UserParameters; a worker's own
    bucket: str
    inputs: tuple[JobArtifact, ...] = ()
    outputs: tuple[JobArtifact, ...] = ()
    continuation_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What a function reported: success, success with a token (it goes on), or a failure."""

    succeeded: bool
    continuation_token: str = ""
    summary: str = ""
    external_execution_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    failure_type: str = ""
    message: str = ""


def job_event(job: Job) -> dict[str, JSON]:
    """
    Give the event that the function is invoked with.

    Source: CodePipeline User Guide, "Example JSON event" of "Invoke an AWS Lambda function".
    """
    data: dict[str, JSON] = {
        **(_about(job.action) if job.action is not None else {}),
        "actionConfiguration": {"configuration": dict(job.configuration)},
        "inputArtifacts": [_artifact(job, each) for each in job.inputs],
        "outputArtifacts": [_artifact(job, each) for each in job.outputs],
        "artifactCredentials": {
            "accessKeyId": "local",
            "secretAccessKey": "local",
            "sessionToken": "local",
        },
    }
    if job.continuation_token:
        data["continuationToken"] = job.continuation_token
    return {"CodePipeline.job": {"id": job.id, "accountId": ACCOUNT, "data": data}}


def _about(action: JobAction) -> dict[str, JSON]:
    """Source: CodePipeline API Reference, "JobData"."""
    return {
        "actionTypeId": {
            "category": action.category,
            "owner": "Custom",
            "provider": action.provider,
            "version": action.version,
        },
        "pipelineContext": {
            "pipelineName": action.pipeline,
            "stage": {"name": action.stage},
            "action": {
                "name": action.name,
                "actionExecutionId": action.action_execution_id,
            },
            "pipelineArn": action.pipeline_arn,
            "pipelineExecutionId": action.execution_id,
        },
    }


def _artifact(job: Job, artifact: JobArtifact) -> JSON:
    return {
        "name": artifact.name,
        "revision": artifact.revision or None,
        "location": {
            "type": "S3",
            "s3Location": {"bucketName": job.bucket, "objectKey": artifact.object_key},
        },
    }
