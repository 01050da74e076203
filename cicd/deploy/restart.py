"""deploymentMode RESTART: the last good revision runs through its lifecycle events again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.compile import plan_for_servers
from cicd.deploy.history import last_good
from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.run import DeploymentRequest
    from cicd.ports import Services


def plan_restart(request: DeploymentRequest, services: Services | None) -> DeploymentPlan:
    """
    Plan a restart: ``request.revision`` is not looked at.

    Each instance installs from what it has unpacked; from the artifact store where that is
    missing or incomplete.

    Raises:
        UsageError: The group is not of servers that are deployed to in place; nothing was
            deployed to it with success.

    Source: CodeDeploy API Reference, "CreateDeployment" (deploymentMode).
    """
    group = request.group
    if group.service is not None or group.shift is not None or group.blue_green is not None:
        raise UsageError(
            f"'{group.name}' cannot be restarted: RESTART is of deployments in place, to servers",
            hint="deploy the revision again without --deployment-mode",
        )
    good = None if services is None else last_good(group.name, group.id, services)
    if good is None:
        raise UsageError(
            f"nothing was deployed to '{group.name}' with success: there is nothing to restart",
            hint="deploy a revision to it first",
        )
    plan = plan_for_servers(replace(request, appspec=good.appspec), good.revision)
    behavior = request.file_exists_behavior or good.file_exists_behavior
    return replace(plan, restart=True, file_exists_behavior=behavior)
