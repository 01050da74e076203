"""Custom configurations: the plain arithmetic of ``minimumHealthyHosts``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.config import MinimumHealthyHostsType
from cicd.deploy.strategies.rolling_window import RollingWindow

if TYPE_CHECKING:
    from cicd.deploy.config import MinimumHealthyHosts


def minimum_healthy_hosts(minimum: MinimumHealthyHosts, total: int) -> RollingWindow:
    """
    Give the window for ``total`` targets: all but the minimum may be out at once.

    Ten hosts at FLEET_PERCENT 95 leave none, so that such a deployment fails at once.

    Source: CodeDeploy User Guide, "Minimum healthy instances".
    """
    healthy = hosts(minimum, total)
    return RollingWindow(minimum=healthy, allowed=total - healthy)


def hosts(minimum: MinimumHealthyHosts, total: int) -> int:
    """Count the hosts that must stay healthy: FLEET_PERCENT is rounded up to whole hosts."""
    if minimum.type is MinimumHealthyHostsType.FLEET_PERCENT:
        return (total * minimum.value + 99) // 100
    return minimum.value
