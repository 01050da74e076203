"""``trafficRoutingConfig.type``: the steps of each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.deploy.strategies.traffic_shift import Step
from cicd.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.deploy.shift.config import ShiftConfig

SHIFTS: Registry[Callable[[ShiftConfig], tuple[Step, ...]]] = Registry(
    "cicd.shifts",
    {
        "AllAtOnce": "cicd.deploy.strategies.time_based:all_traffic_at_once",
        "TimeBasedCanary": "cicd.deploy.strategies.time_based:time_based_canary",
        "TimeBasedLinear": "cicd.deploy.strategies.time_based:time_based_linear",
    },
)
"""Each makes the steps of a configuration."""


def steps_of(config: ShiftConfig) -> tuple[Step, ...]:
    """Give the steps of a configuration."""
    return SHIFTS.get(config.type)(config)


def all_traffic_at_once(_config: ShiftConfig) -> tuple[Step, ...]:
    """Shift everything in one step."""
    return (Step(after=timedelta(), weight=100),)


def time_based_canary(config: ShiftConfig) -> tuple[Step, ...]:
    """
    Shift the percentage, and the rest after the interval: two steps.

    Source: CodeDeploy API Reference, "TimeBasedCanary".
    """
    return (
        Step(after=timedelta(), weight=config.percentage),
        Step(after=config.interval, weight=100),
    )


def time_based_linear(config: ShiftConfig) -> tuple[Step, ...]:
    """
    Shift the percentage at the beginning of each interval; the last step is what is left.

    Source: CodeDeploy API Reference, "TimeBasedLinear".
    """
    count = -(-100 // config.percentage)
    return tuple(
        Step(after=number * config.interval, weight=min(100, (number + 1) * config.percentage))
        for number in range(count)
    )
