"""Which task of a rolling update is started or ended next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.deploy.rolling.service import RollingService


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is of a service."""

    new: int  # tasks of the new revision, healthy or not
    new_healthy: int
    old: int  # tasks of other revisions
    old_healthy: int
    failures: int = 0  # of tasks of the new revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start so many tasks of the new revision."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """End so many tasks of other revisions, those that are not healthy first."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Wait for tasks to become healthy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """The service runs as it is meant to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Too many tasks failed: the circuit breaker is open."""


Move: TypeAlias = Start | End | Wait | Steady | Broken


def next_move(service: RollingService, seen: Seen) -> Move:
    """
    Say what is done next; what there is of a move is done before it is asked for again.

    As many tasks as the desired count and the maximum allow are started, and as many old ones
    ended as the minimum lets go.

    Source: ECS Developer Guide, "Deploy Amazon ECS services by replacing tasks".
    """
    if service.breaker.enable and seen.failures >= service.threshold:
        return Broken()
    spare = seen.new_healthy + seen.old_healthy - service.lowest
    useless = seen.old - seen.old_healthy  # they take room, and hold nothing up
    endable = min(seen.old, max(spare, 0) + useless) if seen.old else 0
    wanted = service.desired_count - seen.new
    room = service.highest - seen.new - seen.old
    if wanted > 0 and room > 0:
        return Start(count=min(wanted, room))
    if endable > 0:
        needed = seen.old if wanted <= 0 else min(seen.old, wanted)
        return End(count=min(endable, needed))
    if wanted <= 0 and seen.old == 0 and seen.new_healthy >= service.desired_count:
        return Steady()
    return Wait()


def is_stuck(service: RollingService) -> bool:
    """Tell whether no task could ever be replaced: none may go, and none may come."""
    return 0 < service.desired_count == service.lowest >= service.highest
