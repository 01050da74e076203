"""Deployments from the outside: make one, follow it, stop it, take it up again, roll it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cicd.event import EMPTY, JSON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.plan import BundleType, DeploymentPlan
    from cicd.deploy.spec import FileExistsBehavior
    from cicd.ports import CancelToken, Services


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRequest:
    """What CreateDeployment takes."""

    group: DeploymentGroup  # see cicd.deploy.group: find_group(resources, ...) makes one
    revision: Path  # a directory, or a zip, tar or tgz file
    bundle_type: BundleType | None = None  # None: a directory, or what the file's first bytes say
    appspec: str = "appspec.yml"  # relative to the revision's root
    deployment_config_name: str | None = None  # None: the group's
    file_exists_behavior: FileExistsBehavior | None = None  # None: DISALLOW
    ignore_application_stop_failures: bool = False
    description: str = ""
    creator: str = "user"
    parent: str | None = None  # the stream that asked for it, such as "pipeline/<uuid>"
    revision_name: str = ""  # how people know the revision; "": the path
    refuse_invalid: bool = True  # False: an invalid AppSpec fails the deployment, as in the cloud


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentResult:
    """How a deployment ended."""

    deployment_id: str  # "d-ABCDEFGHI"
    stream: str  # "deployment/d-ABCDEFGHI"
    status: str  # "Succeeded", "Failed", "Stopped"
    deployment: Mapping[str, JSON]  # GetDeployment's deploymentInfo, and "deploymentTargets"
    failure: str | None = None  # the first cause, in one or more lines; None: it succeeded
    rollback: DeploymentResult | None = None  # the automatic rollback, where there was one
    detail: Mapping[str, JSON] = EMPTY  # of the failure: target, event, diagnostics


def plan_deployment(request: DeploymentRequest, services: Services) -> DeploymentPlan:
    """Check everything that can be checked before, and say what would be done."""
    raise NotImplementedError


def run_deployment(
    request: DeploymentRequest, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """Deploy, and return when it is over; ``cancel`` is the asker's, else ``services.cancel``."""
    raise NotImplementedError


def resume_deployment(
    deployment_id: str, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """Go on with a deployment whose driver died; a concluded one gives its result."""
    raise NotImplementedError


def stop_deployment(
    deployment_id: str, services: Services, *, auto_rollback: bool | None = None
) -> Mapping[str, JSON]:
    """Ask a deployment to stop; gives StopDeployment's answer."""
    raise NotImplementedError
