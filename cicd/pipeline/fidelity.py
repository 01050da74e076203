"""How true each provider's actions are here: done, done nearly so, or refused, and why."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.pipeline.action_type import ACTION_TYPES
from cicd.pipeline.actions import ACTIONS
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON
    from cicd.pipeline.action_type import ActionType, ActionTypeId


class Fidelity(StrEnum):
    """How an action here compares with the service's."""

    WORKS = "works"
    APPROXIMATED = "approximated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A provider's fidelity, and in a sentence what it does here or why not."""

    fidelity: Fidelity
    words: str


def _works(words: str) -> Standing:
    return Standing(fidelity=Fidelity.WORKS, words=words)


def _nearly(words: str) -> Standing:
    return Standing(fidelity=Fidelity.APPROXIMATED, words=words)


def _not(words: str) -> Standing:
    return Standing(fidelity=Fidelity.REFUSED, words=words)


_PARTNER = "it is a partner's own service, which nothing here stands in for"
_JENKINS = "a job of a real Jenkins, which local.jenkins of cicd.yml names"
_WORKER = "a worker of yours, which polls cicd serve for jobs; local.jobWorkers names its provider"
_GIT = "a git repository of this machine, or of a URL"

STANDINGS: Mapping[str, Standing] = MappingProxyType(
    {
        "Source/AWS/CodeCommit": _works(_GIT),
        "Source/AWS/CodeStarSourceConnection": _works(_GIT),
        "Source/ThirdParty/GitHub": _works(f"{_GIT}; the token is not needed"),
        "Source/AWS/S3": _works("an object of a folder or a URL; its version is its hash"),
        "Source/AWS/ECR": _nearly(
            "an image of this machine's engine; without a registry its id is its digest"
        ),
        "Build/AWS/CodeBuild": _works("a build of this machine, or a batch of them"),
        "Test/AWS/CodeBuild": _works("a build of this machine, or a batch of them"),
        "Build/Custom/Jenkins": _works(_JENKINS),
        "Test/Custom/Jenkins": _works(_JENKINS),
        "Build/Custom/JobWorker": _works(_WORKER),
        "Test/Custom/JobWorker": _works(_WORKER),
        "Deploy/Custom/JobWorker": _works(_WORKER),
        "Invoke/Custom/JobWorker": _works(_WORKER),
        "Build/AWS/ECRBuildAndPublish": _not(
            "no action of its own builds images here; docker build in a CodeBuild action does"
        ),
        "Test/AWS/DeviceFarm": _not("there are no devices to test on"),
        "Compute/AWS/Commands": _works("commands in a container, as a build of one phase"),
        "Approval/AWS/Manual": _works("waits for cicd pipeline approve; no topic is notified"),
        "Deploy/AWS/S3": _nearly("files into a folder or a URL; access lists have no effect"),
        "Deploy/AWS/CloudFormation": _nearly(
            "a stack of this machine: buckets, parameters, state machines and functions are made, "
            "with their versions and aliases; permissions and metadata of the CDK have no effect, "
            "other resources are refused, or simulated (local.simulatedStacks)"
        ),
        "Deploy/AWS/CloudFormationStackSet": _not(
            "stack sets are about several accounts and Regions, and here is one"
        ),
        "Deploy/AWS/CloudFormationStackInstances": _not(
            "stack sets are about several accounts and Regions, and here is one"
        ),
        "Deploy/AWS/CodeDeploy": _works("a deployment onto instances of this machine"),
        "Deploy/AWS/CodeDeployToECS": _works("a service of containers, its traffic shifted"),
        "Deploy/AWS/ECS": _works(
            "a service of containers, its tasks replaced in place as its limits allow"
        ),
        "Deploy/AWS/EC2": _not(
            "instances are reached through CodeDeploy here; use a CodeDeploy action"
        ),
        "Deploy/AWS/EKS": _not("no cluster is reached from here; use a CodeBuild action"),
        "Deploy/AWS/Lambda": _works(
            "a version of a function of this machine, its alias shifted by a deployment"
        ),
        "Deploy/AWS/AppConfig": _not("there is no AppConfig here that would serve it"),
        "Deploy/AWS/ElasticBeanstalk": _not("there is no Elastic Beanstalk here to deploy to"),
        "Deploy/AWS/OpsWorks": _not("AWS has ended OpsWorks Stacks"),
        "Deploy/AWS/ServiceCatalog": _not("there is no Service Catalog here to publish to"),
        "Deploy/ThirdParty/AlexaSkillsKit": _not("skills are published by Amazon alone"),
        "Invoke/AWS/Lambda": _works(
            "a function of this machine, which reports through cicd's endpoint"
        ),
        "Invoke/AWS/StepFunctions": _nearly(
            "a state machine of cicd.yml or of the template, whose tasks are local functions; "
            "what is not carried out of its language is refused"
        ),
        "Invoke/AWS/CodePipeline": _nearly(
            "another pipeline of this repository, which is followed to its end"
        ),
        "Invoke/AWS/InspectorScan": _not("there is no Inspector here that would scan"),
        "Invoke/ThirdParty/Snyk": _not(_PARTNER),
        "Test/ThirdParty/GhostInspector": _not(_PARTNER),
        "Test/ThirdParty/Runscope": _not(_PARTNER),
        "Test/ThirdParty/StormRunnerLoad": _not(_PARTNER),
        "Test/ThirdParty/Nouvola": _not(_PARTNER),
        "Test/ThirdParty/BlazeMeter": _not(_PARTNER),
    }
)

UNKNOWN = (
    "no worker of it is installed here; cicd.yml names a Jenkins (local.jenkins) or a worker that "
    "polls for jobs (local.jobWorkers), and a package can bring any other (cicd.actions)"
)


def reason_against(name: str) -> str | None:
    """Say why nothing here carries out an action type; None: something does."""
    if name in ACTIONS:
        return None
    standing = STANDINGS.get(name)
    return standing.words if standing is not None else UNKNOWN


def all_standings() -> dict[str, Standing]:
    """Give every action type's standing, those of installed packages last."""
    installed = {
        name: _works(f"provided by {distribution}")
        for name, distribution in ACTIONS.installed().items()
    }
    return {**STANDINGS, **installed}


def as_api(type_id: ActionTypeId) -> dict[str, JSON]:
    """
    Give an action type in the shape of an element of ListActionTypes.

    Source: CodePipeline API Reference, "ActionType".
    """
    kind = ACTION_TYPES[str(type_id)]
    return {
        "id": {
            "category": type_id.category,
            "owner": type_id.owner,
            "provider": type_id.provider,
            "version": type_id.version,
        },
        "actionConfigurationProperties": _properties(kind),
        "inputArtifactDetails": _counts(kind.inputs),
        "outputArtifactDetails": _counts(kind.outputs),
        "settings": {},
    }


def _properties(kind: ActionType) -> list[JSON]:
    return [
        {
            "name": key,
            "required": key in kind.required,
            "key": True,
            "secret": key in kind.masked,
            "queryable": False,
        }
        for key in (*kind.required, *kind.optional)
    ]


def _counts(allowed: range) -> dict[str, JSON]:
    return {"minimumCount": allowed.start, "maximumCount": allowed.stop - 1}
