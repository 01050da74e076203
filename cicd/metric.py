"""What executions come to, in numbers: the metrics there are, and how one is asked for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPELINE, BUILD, DEPLOYMENT = "AWS/CodePipeline", "AWS/CodeBuild", "AWS/CodeDeploy"
DIMENSIONS: Final[Mapping[str, str]] = {
    PIPELINE: "PipelineName",
    BUILD: "ProjectName",
    DEPLOYMENT: "DeploymentGroup",
}
"""The namespaces, and what each counts by."""

PHASES: Final = (
    "SUBMITTED",
    "QUEUED",
    "PROVISIONING",
    "DOWNLOAD_SOURCE",
    "INSTALL",
    "PRE_BUILD",
    "BUILD",
    "POST_BUILD",
    "UPLOAD_ARTIFACTS",
    "FINALIZING",
)


def phase_metric(phase: str) -> str:
    """Write a build's phase as its metric: PRE_BUILD is PreBuildDuration."""
    return f"{phase.title().replace('_', '')}Duration"


METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    PIPELINE: ("PipelineDuration", "FailedPipelineExecutions"),
    BUILD: (
        "Builds",
        "SucceededBuilds",
        "FailedBuilds",
        "Duration",
        *(phase_metric(phase) for phase in PHASES),
    ),
    DEPLOYMENT: (
        "Deployments",
        "SucceededDeployments",
        "FailedDeployments",
        "DeploymentDuration",
    ),
}
"""
The metrics of each namespace. CodeDeploy publishes none: those are ours, in its manner.

Source: CodePipeline User Guide, "CodePipeline CloudWatch metrics"; CodeBuild User Guide,
"Monitoring CodeBuild with CloudWatch".
"""


class Statistic(StrEnum):
    """What the executions of one period come to. Source: CloudWatch API, "PutMetricAlarm"."""

    AVERAGE = "Average"
    SUM = "Sum"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    SAMPLE_COUNT = "SampleCount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """
    One metric of one pipeline, project or deployment group, and how it is summed up.

    Each execution that is over is one sample. Of metrics that count, it is 0 or 1.
    """

    namespace: str  # one of METRICS
    name: str  # one of METRICS[namespace]
    of: str  # the value of the dimension: "shop", "app", "application/group"
    statistic: Statistic = Statistic.AVERAGE

    def __str__(self) -> str:
        """Say it: "the Average of PipelineDuration of shop"."""
        return f"the {self.statistic} of {self.name} of {self.of}"
