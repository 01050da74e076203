"""Which backend gets the next request: target groups by weight, their members in turn. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cicd.ports import Endpoint


class MemberState(StrEnum):
    """Of a registered target. Source: Elastic Load Balancing API, "TargetHealth"."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"


@dataclass(slots=True, eq=False)
class Member:
    """One target of a group, and what it is doing."""

    endpoint: Endpoint
    state: MemberState = MemberState.INITIAL
    in_flight: int = 0
    requests: int = 0
    failures: int = 0  # health checks in a row
    seen: str = ""  # what the last health check that failed saw; "": it passed
    statuses: dict[int, int] = field(default_factory=dict)  # by hundreds
    on_idle: list[Callable[[], None]] = field(default_factory=list)
    on_doubt: Callable[[], None] | None = None

    @property
    def drains(self) -> bool:
        """Whether it is to have nothing new."""
        return self.state is MemberState.DRAINING

    def begin(self) -> None:
        """Count a request in."""
        self.in_flight += 1

    def end(self) -> None:
        """Count a request out."""
        self.in_flight -= 1
        if self.in_flight == 0 and self.on_idle:
            waiting, self.on_idle = self.on_idle, []
            for tell in waiting:
                tell()

    def doubt(self) -> None:
        """Have it checked now: something has gone wrong with it."""
        if self.on_doubt is not None:
            self.on_doubt()

    def answered(self, status: int) -> None:
        """Count an answer."""
        self.requests += 1
        kind = status // 100
        self.statuses[kind] = self.statuses.get(kind, 0) + 1


class Group:
    """A target group."""

    def __init__(self, name: str) -> None:
        """Begin without members."""
        self.name = name
        self.members: dict[Endpoint, Member] = {}
        self._turn = 0

    def register(self, endpoint: Endpoint) -> Member:
        """Add a target, or take one back that drains; one that is there stays as it is."""
        member = self.members.get(endpoint)
        if member is None:
            member = self.members[endpoint] = Member(endpoint)
        elif member.state is MemberState.DRAINING:
            member.state, member.failures = MemberState.INITIAL, 0
        return member

    def usable(self, besides: Collection[Endpoint] = (), *, ill: bool = False) -> list[Member]:
        """Give the healthy members, or, with ``ill``, all that do not drain."""
        return [
            each
            for each in self.members.values()
            if (each.state is MemberState.HEALTHY or (ill and not each.drains))
            and each.endpoint not in besides
        ]

    def choose(self, usable: Sequence[Member]) -> Member:
        """Give the member whose turn it is, of at least one."""
        self._turn += 1
        return usable[self._turn % len(usable)]

    def healthy(self) -> list[Endpoint]:
        """Give the targets that take requests."""
        return [
            each.endpoint for each in self.members.values() if each.state is MemberState.HEALTHY
        ]


class Route:
    """Smooth weighted round-robin over groups: any run of requests is as close as it can be."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        """Take the weights, at least one of them above 0."""
        self.weights: dict[str, int] = {}
        self._credit: dict[str, int] = {}
        self.set_weights(weights)

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Take other weights; the next request obeys."""
        if dict(weights) != self.weights:
            self.weights = dict(weights)
            self._credit = dict.fromkeys(weights, 0)

    def choose(self, besides: Collection[str] = ()) -> str | None:
        """Give the name of the group whose turn it is; None: no other one has a weight."""
        total = 0
        best: str | None = None
        for name, weight in self.weights.items():
            if weight <= 0 or name in besides:
                continue
            total += weight
            credit = self._credit[name] = self._credit[name] + weight
            if best is None or credit > self._credit[best]:
                best = name
        if best is not None:
            self._credit[best] -= total
        return best
