"""The seam to load balancers."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Endpoint:
    """Where something listens."""

    host: str  # a name or an address
    port: int

    def __str__(self) -> str:
        """Give "host:port"."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a router finds out whether a target may have requests."""

    path: str = "/"  # "": that it accepts a connection is enough
    lowest: int = 200  # status codes that are healthy, both ends included
    highest: int = 399
    interval: timedelta = timedelta(seconds=1)
    timeout: timedelta = timedelta(seconds=2)
    unhealthy_threshold: int = 2  # failures in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """A listener of a router, with the weights it begins with."""

    name: str
    listen: Endpoint
    weights: tuple[tuple[str, int], ...]  # target group, per cent


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSpec:
    """A load balancer, as ``local.loadBalancers`` of ``cicd.yml`` names it."""

    name: str
    kind: str = "proxy"
    routes: tuple[RouteSpec, ...]
    health_check: HealthCheck = field(default_factory=HealthCheck)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request that a router is done with."""

    at: datetime  # when its answer was complete
    group: str  # the target group that had it; "": none
    status: int  # what the client was answered; 460: it left before
    seconds: float  # from the request to the end of the answer


class TrafficRouter(Protocol):
    """
    Sends each request to one of a route's target groups, by weight.

    Everything may be repeated. It goes on without us, and what it was told survives its death.
    Each call raises ``Unavailable`` when the router cannot be reached or made.
    """

    def set_weights(self, route: str, weights: Mapping[str, int]) -> None:
        """
        Share a route's requests out over groups; returns once new requests obey.

        Per cent that sum to 100; raises UsageError for others, and for an unknown route.
        """

    def weights(self, route: str) -> Mapping[str, int]:
        """Give the weights that are in force; raises UsageError for an unknown route."""

    def register(self, group: str, endpoint: Endpoint) -> None:
        """Let a target have requests of its group as soon as it is healthy."""

    def deregister(self, group: str, endpoint: Endpoint, *, drain: timedelta) -> None:
        """
        Send a target nothing new; returns when its requests have ended, or after ``drain``.

        A router that was stopped is not started for it: it begins without the target next time.
        """

    def retire(self) -> None:
        """End it, and forget what it was told, if it has no target; else nothing happens."""

    def answered(self, route: str, since: datetime) -> Sequence[Answered]:
        """
        Give a route's requests that were answered since then, the oldest first.

        As far back as the router's log reaches; raises UsageError for an unknown route.
        """

    def healthy(self, group: str) -> frozenset[Endpoint]:
        """Give the targets of a group that have requests."""

    def ill(self, group: str) -> Mapping[Endpoint, str]:
        """Give the targets of a group whose last check failed, and what it saw."""
