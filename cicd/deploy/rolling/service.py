"""A service that is updated in place: what ``services`` of ``cicd.yml`` says of it."""

from __future__ import annotations

import math
from datetime import timedelta

from cicd.deploy.traffic.plan import DRAIN
from cicd.ports import RouterSpec
from cicd.record import dataclass

LEAST_THRESHOLD = 3
MOST_THRESHOLD = 200
"""Source: ECS Developer Guide, "Failure threshold" of the deployment circuit breaker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """``deploymentCircuitBreaker``: whether failing tasks end a deployment, and undo it."""

    enable: bool = False
    rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingService:
    """A service, its deployment configuration, and its load balancer here."""

    name: str
    cluster: str
    task_definition: str  # a file beside ``cicd.yml``
    desired_count: int = 1
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    breaker: CircuitBreaker = CircuitBreaker()
    container_name: str = ""  # behind the load balancer; "": there is none
    container_port: int = 0
    target_group: str = ""
    router: RouterSpec | None = None
    drain: timedelta = DRAIN

    @property
    def key(self) -> str:
        """Name it among all of this home: "cluster/service"."""
        return f"{self.cluster}/{self.name}"

    @property
    def lowest(self) -> int:
        """How many tasks must go on running. Source: ECS API, "DeploymentConfiguration"."""
        return math.ceil(self.desired_count * self.minimum_healthy_percent / 100)

    @property
    def highest(self) -> int:
        """How many tasks may run at once."""
        return math.floor(self.desired_count * self.maximum_percent / 100)

    @property
    def threshold(self) -> int:
        """How many failed tasks open the circuit breaker: half of those desired, within limits."""
        half = math.ceil(self.desired_count / 2)
        return min(max(half, LEAST_THRESHOLD), MOST_THRESHOLD)
