"""Lifecycle events of deployments, in order, and whose revision's scripts they run."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class LifecycleEvent(StrEnum):
    """Every event of a deployment, in the order they run."""

    BEFORE_BLOCK_TRAFFIC = "BeforeBlockTraffic"
    BLOCK_TRAFFIC = "BlockTraffic"
    AFTER_BLOCK_TRAFFIC = "AfterBlockTraffic"
    APPLICATION_STOP = "ApplicationStop"
    DOWNLOAD_BUNDLE = "DownloadBundle"
    BEFORE_INSTALL = "BeforeInstall"
    INSTALL = "Install"
    AFTER_INSTALL = "AfterInstall"
    APPLICATION_START = "ApplicationStart"
    VALIDATE_SERVICE = "ValidateService"
    ALLOW_TEST_TRAFFIC = "AllowTestTraffic"
    AFTER_ALLOW_TEST_TRAFFIC = "AfterAllowTestTraffic"
    BEFORE_ALLOW_TRAFFIC = "BeforeAllowTraffic"
    ALLOW_TRAFFIC = "AllowTraffic"
    AFTER_ALLOW_TRAFFIC = "AfterAllowTraffic"


_TEST: Final = (LifecycleEvent.ALLOW_TEST_TRAFFIC, LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC)
SERVER: Final = tuple(event for event in LifecycleEvent if event not in _TEST)
"""The events of deployments to servers."""

TRAFFIC: Final = frozenset(
    {
        LifecycleEvent.BEFORE_BLOCK_TRAFFIC,
        LifecycleEvent.BLOCK_TRAFFIC,
        LifecycleEvent.AFTER_BLOCK_TRAFFIC,
        LifecycleEvent.BEFORE_ALLOW_TRAFFIC,
        LifecycleEvent.ALLOW_TRAFFIC,
        LifecycleEvent.AFTER_ALLOW_TRAFFIC,
    }
)

# As hook keys the first two are tolerated and never run; the traffic ones are refused.
TOLERATED: Final = (LifecycleEvent.DOWNLOAD_BUNDLE, LifecycleEvent.INSTALL)
SCRIPTABLE: Final = tuple(
    event
    for event in SERVER
    if event not in TOLERATED
    and event not in (LifecycleEvent.BLOCK_TRAFFIC, LifecycleEvent.ALLOW_TRAFFIC)
)

# Their scripts are the previous revision's, as long as this deployment has no archive yet.
PREVIOUS_REVISION: Final = frozenset(
    {
        LifecycleEvent.BEFORE_BLOCK_TRAFFIC,
        LifecycleEvent.AFTER_BLOCK_TRAFFIC,
        LifecycleEvent.APPLICATION_STOP,
    }
)

# ignoreApplicationStopFailures passes over exactly these.
IGNORABLE: Final = PREVIOUS_REVISION

BLUE_BLOCK: Final = (
    LifecycleEvent.BEFORE_BLOCK_TRAFFIC,
    LifecycleEvent.BLOCK_TRAFFIC,
    LifecycleEvent.AFTER_BLOCK_TRAFFIC,
)
"""The events of the original environment in a blue/green deployment."""

GREEN_ALLOW: Final = (
    LifecycleEvent.BEFORE_ALLOW_TRAFFIC,
    LifecycleEvent.ALLOW_TRAFFIC,
    LifecycleEvent.AFTER_ALLOW_TRAFFIC,
)
"""The last events of the replacement; in a rollback, all of those that traffic goes back to."""

GREEN: Final = tuple(event for event in SERVER if event not in BLUE_BLOCK)
"""The events of the replacement environment in a blue/green deployment."""

IN_PLACE_WITH_TRAFFIC: Final = SERVER
"""The events of an in-place deployment with a load balancer; a rollback has the same."""

IN_PLACE: Final = tuple(event for event in SERVER if event not in TRAFFIC)
"""
The events of an in-place deployment without a load balancer; a rollback has the same.

Source: CodeDeploy User Guide, "Lifecycle event hook availability".
"""

SERVICE: Final = (
    LifecycleEvent.BEFORE_INSTALL,
    LifecycleEvent.INSTALL,
    LifecycleEvent.AFTER_INSTALL,
    LifecycleEvent.ALLOW_TEST_TRAFFIC,
    LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC,
    *GREEN_ALLOW,
)
"""
The events of a deployment to a service of ECS.

Source: CodeDeploy User Guide, "AppSpec 'hooks' section for an Amazon ECS deployment".
"""
