"""CodeDeployDefault.HalfAtATime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.strategies.minimum_healthy_hosts import hosts
from cicd.deploy.strategies.rolling_window import RollingWindow

if TYPE_CHECKING:
    from cicd.deploy.config import MinimumHealthyHosts


def half_at_a_time(minimum: MinimumHealthyHosts, total: int) -> RollingWindow:
    """
    Take half of the targets, rounded down; the other half must succeed.

    A single target is deployed to: the plain formula would leave no room for it.

    Source: CodeDeploy User Guide, "CodeDeployDefault.HalfAtATime".
    """
    healthy = hosts(minimum, total)
    return RollingWindow(minimum=healthy, allowed=max(1, total - healthy))
