"""Deployment configurations for ECS and Lambda: how much traffic goes to the new version, when."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cicd.deploy.config import check_name
from cicd.deploy.spec import ComputePlatform
from cicd.document.fields import Fields
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.nearest import closest
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.resources import Resources

PREFIX: Final = "CodeDeployDefault."
LONGEST_SHIFT: Final = timedelta(minutes=2880)  # from the first step to the last
_CUSTOM: Final = "Custom"
_INTERVAL: Final = re.compile(r"([0-9]{1,7})(s|m|h|)")
_UNITS: Final = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}


class TrafficRoutingType(StrEnum):
    """``trafficRoutingConfig.type``."""

    ALL_AT_ONCE = "AllAtOnce"
    TIME_BASED_CANARY = "TimeBasedCanary"
    TIME_BASED_LINEAR = "TimeBasedLinear"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftConfig:
    """A configuration that shifts traffic. ``type`` is a name in ``SHIFTS``."""

    name: str
    compute_platform: ComputePlatform
    type: TrafficRoutingType
    percentage: int = 100  # of the canary, or of each increment; 1 to 99, but for AllAtOnce
    interval: timedelta = timedelta()  # between two steps


def _of(platform: ComputePlatform, what: str, percentage: int, minutes: int) -> ShiftConfig:
    every = f"Every{minutes}Minute" if what == "Linear" else f"{minutes}Minute"
    # The names are the cloud's: "Every1Minute" for functions, "Every1Minutes" for services.
    plural = "" if minutes == 1 and platform is ComputePlatform.LAMBDA else "s"
    return ShiftConfig(
        name=f"{PREFIX}{platform}{what}{percentage}Percent{every}{plural}",
        compute_platform=platform,
        type=TrafficRoutingType(f"TimeBased{what}"),
        percentage=percentage,
        interval=timedelta(minutes=minutes),
    )


def _at_once(platform: ComputePlatform) -> ShiftConfig:
    return ShiftConfig(
        name=f"{PREFIX}{platform}AllAtOnce",
        compute_platform=platform,
        type=TrafficRoutingType.ALL_AT_ONCE,
    )


PREDEFINED: Final = {
    each.name: each
    for each in (
        _at_once(ComputePlatform.ECS),
        _of(ComputePlatform.ECS, "Canary", 10, 5),
        _of(ComputePlatform.ECS, "Canary", 10, 15),
        _of(ComputePlatform.ECS, "Linear", 10, 1),
        _of(ComputePlatform.ECS, "Linear", 10, 3),
        _at_once(ComputePlatform.LAMBDA),
        *(_of(ComputePlatform.LAMBDA, "Canary", 10, minutes) for minutes in (5, 10, 15, 30)),
        *(_of(ComputePlatform.LAMBDA, "Linear", 10, minutes) for minutes in (1, 2, 3, 10)),
    )
}
"""Source: CodeDeploy User Guide, "Working with deployment configurations"."""


def default_config(platform: ComputePlatform) -> ShiftConfig:
    """Give what a group has that names none."""
    return PREDEFINED[f"{PREFIX}{platform}AllAtOnce"]


def find_shift_config(name: str, platform: ComputePlatform, resources: Resources) -> ShiftConfig:
    """
    Find a configuration, with or without ``CodeDeployDefault.`` and the platform's name.

    Raises:
        UsageError: It does not exist, or is for another compute platform.
        DocumentError: It is described wrongly in ``cicd.yml``.

    """
    for candidate in (name, f"{PREFIX}{name}", f"{PREFIX}{platform}{name}"):
        known = PREDEFINED.get(candidate)
        if known is not None:
            return _for(platform, known.compute_platform, name, known)
    node = resources.find("deploymentConfigs", name)
    if node is not None:
        found = read_shift_config(node)
        return _for(platform, found.compute_platform, name, found)
    mine = [
        short
        for each in PREDEFINED.values()
        if each.compute_platform is platform
        for short in (each.name, each.name.removeprefix(f"{PREFIX}{platform}"))
    ]
    near = closest(name, mine)
    raise UsageError(
        f"no deployment configuration named '{name}' for {platform} "
        "(DeploymentConfigDoesNotExistException)",
        hint=f"did you mean '{near}'?"
        if near
        else f"use {', '.join(mine[::2])}; Canary or Linear with --percentage and --interval; "
        "or one under deploymentConfigs in cicd.yml",
    )


def custom_shift(
    strategy: str, platform: ComputePlatform, percentage: int | None, interval: str | None
) -> ShiftConfig:
    """
    Make a configuration of ``--strategy Canary|Linear --percentage 10 --interval 5m``.

    Raises:
        UsageError: One of them is missing, or is not what it must be.

    """
    kinds = {each.value.removeprefix("TimeBased"): each for each in TrafficRoutingType}
    kind = kinds.get(strategy.removeprefix("TimeBased"))
    if kind in (None, TrafficRoutingType.ALL_AT_ONCE):
        raise UsageError(
            f"'{strategy}' has a percentage and an interval of its own",
            hint="--percentage and --interval go with --strategy Canary or Linear",
        )
    if percentage is None or interval is None:
        missing = "--percentage" if percentage is None else "--interval"
        raise UsageError(
            f"{missing} is missing: {strategy} takes a percentage and an interval",
            hint=f"such as --strategy {strategy} --percentage 10 --interval 5m",
        )
    made = ShiftConfig(
        name=f"{_CUSTOM}.{kind.removeprefix('TimeBased')}{percentage}Percent{interval}",
        compute_platform=platform,
        type=TrafficRoutingType(kind),
        percentage=percentage,
        interval=_parse_interval(interval),
    )
    fault = _fault(made)
    if fault:
        raise UsageError(
            f"{fault} (InvalidTrafficRoutingConfigurationException)",
            hint="a percentage is 1 to 99, and the last step comes within 2880 minutes (two days)",
        )
    return made


def read_shift_config(node: Node) -> ShiftConfig:
    """Read one of ``deploymentConfigs``; raises ``DocumentError``. Source: API, same name."""
    problems = Problems()
    fields = Fields(node, problems, room="deploy", what="deployment configuration")
    name = fields.required_text("deploymentConfigName")
    check_name(name, fields, problems)
    platform = fields.choice("computePlatform", ComputePlatform, default=ComputePlatform.SERVER)
    for key in ("deploymentConfigId", "createTime"):
        fields.node(key)
    routing = fields.mapping("trafficRoutingConfig")
    kind, percentage, minutes = TrafficRoutingType.ALL_AT_ONCE, 100, 0
    at = fields.span("trafficRoutingConfig")
    if routing is None:
        problems.error(
            "deploy/config-routing",
            f"'{name}' has no 'trafficRoutingConfig'",
            at,
            hint="write 'trafficRoutingConfig: {type: TimeBasedCanary, timeBasedCanary: "
            "{canaryPercentage: 10, canaryInterval: 5}}'",
        )
    else:
        kind = routing.choice("type", TrafficRoutingType, default=kind)
        for word in ("Canary", "Linear"):
            inner = routing.mapping(f"timeBased{word}")
            if inner is None:
                continue
            lower = word.lower()
            read = (
                inner.integer(f"{lower}Percentage", 0, minimum=1, maximum=99),
                inner.integer(f"{lower}Interval", 0, minimum=0),
            )
            inner.unknown()
            if kind == f"TimeBased{word}":
                percentage, minutes = read
        routing.unknown()
    fields.unknown()
    made = ShiftConfig(
        name=name,
        compute_platform=platform,
        type=kind,
        percentage=percentage,
        interval=timedelta(minutes=minutes),
    )
    fault = _fault(made)
    if fault:
        problems.error(
            "deploy/config-routing", fault, at, note="InvalidTrafficRoutingConfigurationException"
        )
    problems.raise_errors()
    return made


def _fault(config: ShiftConfig) -> str:
    if config.type is TrafficRoutingType.ALL_AT_ONCE:
        return ""
    if not 1 <= config.percentage <= 99:
        return f"the percentage of '{config.name}' must be 1 to 99"
    if config.interval <= timedelta():
        return f"the interval of '{config.name}' must be longer than nothing"
    steps = (
        2 if config.type is TrafficRoutingType.TIME_BASED_CANARY else -(-100 // config.percentage)
    )
    if (steps - 1) * config.interval > LONGEST_SHIFT:
        return f"the last step of '{config.name}' comes later than 2880 minutes after the first"
    return ""


def _parse_interval(text: str) -> timedelta:
    match = _INTERVAL.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"'{text}' is not an interval", hint="write such as 90s, 5m or 1h; a number is minutes"
        )
    return int(match[1]) * _UNITS[match[2] or "m"]


def _for(
    wanted: ComputePlatform, platform: ComputePlatform, name: str, config: ShiftConfig
) -> ShiftConfig:
    if platform is not wanted:
        raise UsageError(
            f"'{name}' is for {platform}, not for {wanted} (InvalidDeploymentConfigNameException)",
            hint=f"use {default_config(wanted).name}, or another one for {wanted}",
        )
    return config
