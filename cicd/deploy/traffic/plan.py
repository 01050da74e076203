"""What a deployment knows of traffic: its load balancers, and its blue/green options."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cicd.errors import UsageError
from cicd.ports import Endpoint, RouterSpec, TargetSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

DRAIN: Final = timedelta(seconds=30)
HEALTHY_WITHIN: Final = timedelta(hours=1)
"""
How long AllowTraffic waits for an instance to become healthy.

Source: CodeDeploy User Guide, "CodeDeploy quotas" (a lifecycle event runs for an hour at most).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """One entry of ``loadBalancerInfo``, and the router that stands for it here."""

    group: str  # the target group's name, or the classic load balancer's
    router: RouterSpec
    drain: timedelta = DRAIN  # at most so long a deregistered instance may finish its requests


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """The load balancers of a deployment, and where its instances listen."""

    load_balancers: tuple[LoadBalancer, ...]
    endpoints: tuple[tuple[str, Endpoint], ...]  # target, endpoint
    healthy_within: timedelta = HEALTHY_WITHIN

    def endpoint(self, target: str) -> Endpoint:
        """Give where a target listens."""
        return dict(self.endpoints)[target]


class ReadyAction(StrEnum):
    """``deploymentReadyOption.actionOnTimeout``."""

    CONTINUE_DEPLOYMENT = "CONTINUE_DEPLOYMENT"
    STOP_DEPLOYMENT = "STOP_DEPLOYMENT"


class BlueAction(StrEnum):
    """``terminateBlueInstancesOnDeploymentSuccess.action``."""

    TERMINATE = "TERMINATE"
    KEEP_ALIVE = "KEEP_ALIVE"


class GreenAction(StrEnum):
    """``greenFleetProvisioningOption.action``."""

    DISCOVER_EXISTING = "DISCOVER_EXISTING"
    COPY_AUTO_SCALING_GROUP = "COPY_AUTO_SCALING_GROUP"


class WaitType(StrEnum):
    """``deploymentWaitType`` of ContinueDeployment."""

    READY_WAIT = "READY_WAIT"
    TERMINATION_WAIT = "TERMINATION_WAIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreenOptions:
    """``blueGreenDeploymentConfiguration`` of a group. The defaults are the local rule's."""

    ready_action: ReadyAction = ReadyAction.CONTINUE_DEPLOYMENT
    ready_wait: timedelta = timedelta()  # before STOP_DEPLOYMENT
    blue_action: BlueAction = BlueAction.TERMINATE
    termination_wait: timedelta = timedelta()
    green_action: GreenAction = GreenAction.DISCOVER_EXISTING


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreenPlan:
    """
    The original environment, and what becomes of it; the plan's targets are the replacement.

    In a rollback the names are turned round: traffic goes back to the plan's targets, which have
    their revision already, and away from ``original``.
    """

    original: tuple[TargetSpec, ...]
    options: BlueGreenOptions
    rollback: bool = False


def plan_traffic(
    load_balancers: tuple[LoadBalancer, ...], targets: Iterable[TargetSpec]
) -> TrafficPlan:
    """Say where each target listens; raises ``UsageError`` when one does not tell."""
    return TrafficPlan(
        load_balancers=load_balancers,
        endpoints=tuple((target.id, endpoint_of(target)) for target in targets),
    )


def endpoint_of(target: TargetSpec) -> Endpoint:
    """Give where an instance listens: its ``endpoint``, or its PORT on this machine."""
    written = target.endpoint or ""
    if not written:
        port = dict(target.variables).get("PORT", "")
        written = f"127.0.0.1:{port}" if port else ""
    try:
        parts = urlsplit(written if "//" in written else f"//{written}")
        host, number = parts.hostname, parts.port
    except ValueError:
        host, number = None, None
    if not host:
        raise UsageError(
            f"instance '{target.id}' does not say where it listens",
            hint=f"a load balancer must know: end the fleet, and make it with --port: 'cicd fleet "
            f"down {target.fleet}', 'cicd fleet up {target.fleet} --port 80 …'"
            if target.fleet
            else "a load balancer must know: add 'endpoint: http://127.0.0.1:8081', or a PORT "
            "to its 'environment', under 'local: deploymentGroups' of cicd.yml",
        )
    return Endpoint(host=host, port=number or 80)
