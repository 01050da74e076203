"""How a deployment proceeds over its targets: one file a strategy, all of them pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.deploy.config import DeploymentConfig, MinimumHealthyHosts
    from cicd.deploy.strategies.rolling_window import Strategy

STRATEGIES: Registry[Callable[[MinimumHealthyHosts, int], Strategy]] = Registry(
    "cicd.strategies",
    {
        "AllAtOnce": "cicd.deploy.strategies.all_at_once:all_at_once",
        "HalfAtATime": "cicd.deploy.strategies.half_at_a_time:half_at_a_time",
        "OneAtATime": "cicd.deploy.strategies.one_at_a_time:one_at_a_time",
        "Custom": "cicd.deploy.strategies.minimum_healthy_hosts:minimum_healthy_hosts",
    },
)
"""Each makes a ``Strategy`` of the configuration's minimum and the number of targets."""


def strategy_for(config: DeploymentConfig, zones: Mapping[str, str]) -> Strategy:
    """Make the strategy of a configuration for targets, given as id → zone, in their order."""
    window = STRATEGIES.get(config.strategy)(config.minimum_healthy_hosts, len(zones))
    if config.zonal is None:
        return window
    from cicd.deploy.strategies.zone_by_zone import zone_by_zone

    return zone_by_zone(config, zones)
