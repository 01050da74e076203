"""The services' other calls: why nothing here carries them out, and what to do instead. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCUMENT: Final = (
    "what there is here is what the repository's documents say: edit cicd.yml, the pipeline's "
    "document or the template, and 'cicd lint' checks it"
)
_TAGS: Final = f"tags stand in the documents, and {DOCUMENT}"
_OUTSIDE: Final = (
    "nothing calls this machine from outside; 'cicd pipeline triggers --explain' says what a push "
    "starts, and 'cicd hooks install' lets git ask"
)
_PARTNERS: Final = (
    "a partner's own workers poll by it; those of a custom action of yours take their jobs by "
    "PollForJobs and AcknowledgeJob"
)
_TYPES: Final = (
    "an action type of your own is named under 'local: jobWorkers' of cicd.yml, or comes with its "
    "package, as an entry point of the group cicd.actions; 'cicd pipeline actions' lists all"
)
_HANDS: Final = "the command for it is '{}'"
_ACCOUNT: Final = (
    "there is no account here with which anything is shared, and nothing to log in to"
)
_INSTANCES: Final = "instances stand under 'local: deploymentGroups' of cicd.yml; edit that"
_NO_SANDBOX: Final = "sandboxes are not made here; 'cicd build --debug' lets you look into a build"
_NO_FLEET: Final = "builds run on this machine; --jobs says how many at once"
_REPORTS: Final = _HANDS.format("cicd reports list | show | trend")

_CODE_PIPELINE: Final = {
    DOCUMENT: "CreatePipeline UpdatePipeline",
    _TAGS: "TagResource UntagResource",
    _OUTSIDE: "PutWebhook RegisterWebhookWithThirdParty DeregisterWebhookWithThirdParty",
    _PARTNERS: "PollForThirdPartyJobs AcknowledgeThirdPartyJob GetThirdPartyJobDetails "
    "PutThirdPartyJobSuccessResult PutThirdPartyJobFailureResult",
    _TYPES: "CreateCustomActionType DeleteCustomActionType GetActionType UpdateActionType",
    "StartPipelineExecution takes a revision, in sourceRevisions": "PutActionRevision",
    "the targets of EC2 and EKS actions are meant, which are refused here; ListDeploymentTargets "
    "of CodeDeploy answers for a CodeDeploy action": "ListDeployActionExecutionTargets",
}
_CODE_BUILD: Final = {
    DOCUMENT: "CreateProject UpdateProject DeleteProject CreateReportGroup UpdateReportGroup "
    "DeleteReportGroup UpdateProjectVisibility",
    _HANDS.format("cicd build"): "StartBuild",
    _HANDS.format("cicd build --batch"): "StartBuildBatch",
    _HANDS.format("cicd builds stop ID"): "StopBuild",
    _HANDS.format("cicd builds retry ID"): "RetryBuild",
    _HANDS.format("cicd batches"): "StopBuildBatch RetryBuildBatch ListBuildBatches "
    "ListBuildBatchesForProject BatchGetBuildBatches DeleteBuildBatch",
    _HANDS.format("cicd cache"): "InvalidateProjectCache",
    _HANDS.format("cicd images list"): "ListCuratedEnvironmentImages",
    _REPORTS: "ListReportGroups ListReports ListReportsForReportGroup BatchGetReportGroups "
    "BatchGetReports DescribeTestCases DescribeCodeCoverages GetReportGroupTrend DeleteReport",
    "the history of builds is kept": "BatchDeleteBuilds",
    _OUTSIDE: "CreateWebhook UpdateWebhook DeleteWebhook",
    _ACCOUNT: "ImportSourceCredentials DeleteSourceCredentials ListSourceCredentials "
    "GetResourcePolicy PutResourcePolicy DeleteResourcePolicy ListSharedProjects "
    "ListSharedReportGroups",
    _NO_FLEET: "CreateFleet UpdateFleet DeleteFleet ListFleets BatchGetFleets",
    _NO_SANDBOX: "StartSandbox StopSandbox StartSandboxConnection ListSandboxes "
    "ListSandboxesForProject BatchGetSandboxes StartCommandExecution "
    "BatchGetCommandExecutions ListCommandExecutionsForSandbox",
}
_CODE_DEPLOY: Final = {
    DOCUMENT: "CreateApplication UpdateApplication DeleteApplication CreateDeploymentGroup "
    "UpdateDeploymentGroup DeleteDeploymentGroup CreateDeploymentConfig DeleteDeploymentConfig "
    "GetApplication BatchGetApplications BatchGetDeploymentGroups GetDeploymentConfig "
    "ListDeploymentConfigs",
    _TAGS: "TagResource UntagResource ListTagsForResource",
    _HANDS.format("cicd deploy"): "CreateDeployment",
    _HANDS.format("cicd deploy stop ID"): "StopDeployment",
    _HANDS.format("cicd deploy continue ID"): "ContinueDeployment "
    "SkipWaitTimeForInstanceTermination",
    "GetDeploymentTarget and ListDeploymentTargets have taken its place": "GetDeploymentInstance "
    "ListDeploymentInstances BatchGetDeploymentInstances",
    _INSTANCES: "RegisterOnPremisesInstance DeregisterOnPremisesInstance GetOnPremisesInstance "
    "ListOnPremisesInstances BatchGetOnPremisesInstances AddTagsToOnPremisesInstances "
    "RemoveTagsFromOnPremisesInstances",
    "revisions are not registered: a deployment takes the directory or archive that it is given": (
        "RegisterApplicationRevision GetApplicationRevision ListApplicationRevisions "
        "BatchGetApplicationRevisions"
    ),
    _ACCOUNT: "DeleteGitHubAccountToken ListGitHubAccountTokenNames DeleteResourcesByExternalId",
}

NOT_HERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{service}.{name}": reason
        for service, reasons in (
            ("CodePipeline_20150709", _CODE_PIPELINE),
            ("CodeBuild_20161006", _CODE_BUILD),
            ("CodeDeploy_20141006", _CODE_DEPLOY),
        )
        for reason, names in reasons.items()
        for name in names.split()
    }
)
"""By ``X-Amz-Target``: why a call is refused, and what to do here."""
