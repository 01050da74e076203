"""Deployment configurations: the predefined ones for servers, and the custom ones."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cicd.document.fields import Fields
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.resources import Resources

PREDEFINED_PREFIX: Final = "CodeDeployDefault."
DEFAULT: Final = "CodeDeployDefault.OneAtATime"
AT_ONCE: Final = "CodeDeployDefault.AllAtOnce"
CUSTOM: Final = "Custom"


class MinimumHealthyHostsType(StrEnum):
    """How ``value`` counts."""

    HOST_COUNT = "HOST_COUNT"
    FLEET_PERCENT = "FLEET_PERCENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumHealthyHosts:
    """How many hosts must stay healthy: HOST_COUNT from 0, FLEET_PERCENT from 0 to 99."""

    type: MinimumHealthyHostsType
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonalConfig:
    """One availability zone after the other. Times are seconds. Source: API, "ZonalConfig"."""

    monitor_duration: int = 0  # after a zone, before the next
    first_zone_monitor_duration: int = 0
    minimum_per_zone: MinimumHealthyHosts = MinimumHealthyHosts(
        type=MinimumHealthyHostsType.FLEET_PERCENT, value=0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentConfig:
    """A configuration for servers. ``strategy`` is a name in ``STRATEGIES``."""

    name: str
    strategy: str
    minimum_healthy_hosts: MinimumHealthyHosts
    zonal: ZonalConfig | None = None


def _count(value: int) -> MinimumHealthyHosts:
    return MinimumHealthyHosts(type=MinimumHealthyHostsType.HOST_COUNT, value=value)


def _percent(value: int) -> MinimumHealthyHosts:
    return MinimumHealthyHosts(type=MinimumHealthyHostsType.FLEET_PERCENT, value=value)


PREDEFINED: Final = {
    f"{PREDEFINED_PREFIX}{strategy}": DeploymentConfig(
        name=f"{PREDEFINED_PREFIX}{strategy}", strategy=strategy, minimum_healthy_hosts=minimum
    )
    for strategy, minimum in (
        ("AllAtOnce", _count(0)),
        ("HalfAtATime", _percent(50)),
        # Older pages say 99 %, which no fleet below 100 could meet; it is a rule of its own.
        ("OneAtATime", _percent(99)),
    )
}

_OTHER_PLATFORM = re.compile(r"(CodeDeployDefault\.)?(Lambda|ECS)|.*(Canary|Linear)")
_MINIMUM = re.compile(r"(\d{1,6})(%?)")


def parse_minimum(text: str) -> MinimumHealthyHosts:
    """Read ``--minimum-healthy``: "2" is two hosts, "75%" three quarters of the fleet."""
    match = _MINIMUM.fullmatch(text.strip())
    if not match or (match[2] and int(match[1]) > 99):
        raise UsageError(
            f"'{text}' is not a number of hosts that must stay healthy",
            hint="give a number such as 2, or a percentage from 0% to 99%",
        )
    return _percent(int(match[1])) if match[2] else _count(int(match[1]))


def custom(minimum: MinimumHealthyHosts, name: str = CUSTOM) -> DeploymentConfig:
    """Make a configuration with a minimum of its own."""
    return DeploymentConfig(name=name, strategy=CUSTOM, minimum_healthy_hosts=minimum)


def find_config(name: str, resources: Resources) -> DeploymentConfig:
    """
    Find a configuration by name, with or without ``CodeDeployDefault.``.

    Raises:
        UsageError: It does not exist, or is for another compute platform.
        DocumentError: It is described wrongly in ``cicd.yml``.
    """
    for candidate in (name, PREDEFINED_PREFIX + name):
        if candidate in PREDEFINED:
            return PREDEFINED[candidate]
    node = resources.find("deploymentConfigs", name)
    if node is not None:
        return _read(node)
    if _OTHER_PLATFORM.match(name):
        raise UsageError(
            f"'{name}' shifts traffic by weight, which is for ECS and Lambda, not for servers "
            "(InvalidDeploymentConfigNameException)",
            hint="use AllAtOnce, HalfAtATime, OneAtATime, or a minimum of healthy hosts",
        )
    raise UsageError(
        f"no deployment configuration named '{name}' (DeploymentConfigDoesNotExistException)",
        hint="use AllAtOnce, HalfAtATime, OneAtATime, or one under deploymentConfigs in cicd.yml",
    )


def check_name(name: str, fields: Fields, problems: Problems) -> None:
    """Refuse the name of a configuration of one's own that only AWS's begin like."""
    if name.startswith(PREDEFINED_PREFIX):
        problems.error(
            "deploy/config-name",
            f"'{name}' begins as the names of AWS's own configurations do",
            fields.span("deploymentConfigName"),
            hint=f"leave out '{PREDEFINED_PREFIX}'",
            note="InvalidDeploymentConfigNameException",
        )


def _read(node: Node) -> DeploymentConfig:
    problems = Problems()
    fields = Fields(node, problems, room="deploy", what="deployment configuration")
    name = fields.required_text("deploymentConfigName")
    check_name(name, fields, problems)
    platform = fields.choice("computePlatform", ("Server", "Lambda", "ECS"), default="Server")
    if platform != "Server" or fields.node("trafficRoutingConfig") is not None:
        problems.error(
            "deploy/config-platform",
            f"'{name}' is for {platform}, not for servers",
            fields.span("computePlatform"),
        )
    zonal = _read_zonal(fields)
    for key in ("deploymentConfigId", "createTime"):
        fields.node(key)
    minimum = _read_minimum(fields, "minimumHealthyHosts")
    if minimum is None:
        problems.error(
            "deploy/config-minimum",
            f"'{name}' has no 'minimumHealthyHosts' with a type and a value",
            fields.span("minimumHealthyHosts"),
            hint="write such as 'minimumHealthyHosts: {type: HOST_COUNT, value: 1}'",
        )
    fields.unknown()
    problems.raise_errors()
    return replace(custom(minimum or _count(0), name), zonal=zonal)


def _read_minimum(fields: Fields, name: str) -> MinimumHealthyHosts | None:
    hosts = fields.mapping(name)
    if hosts is None:
        return None
    kind = hosts.choice("type", MinimumHealthyHostsType)
    highest = 99 if kind is MinimumHealthyHostsType.FLEET_PERCENT else None
    value = hosts.integer("value", default=0, minimum=0, maximum=highest)
    hosts.unknown()
    return None if kind is None else MinimumHealthyHosts(type=kind, value=value)


def _read_zonal(fields: Fields) -> ZonalConfig | None:
    zones = fields.mapping("zonalConfig")
    if zones is None:
        return None
    monitor = zones.integer("monitorDurationInSeconds", default=0, minimum=0)
    first = zones.integer("firstZoneMonitorDurationInSeconds", default=monitor, minimum=0)
    minimum = _read_minimum(zones, "minimumHealthyHostsPerZone")
    zones.unknown()
    return ZonalConfig(
        monitor_duration=monitor,
        first_zone_monitor_duration=first,
        minimum_per_zone=minimum or _percent(0),
    )
