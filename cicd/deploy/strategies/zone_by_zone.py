"""Zonal configurations: one availability zone after the other, each with a minimum of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.deploy.strategies.minimum_healthy_hosts import hosts
from cicd.deploy.strategies.rolling_window import Done, Doomed, Move, Progress, Take, Wait
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.config import DeploymentConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """The targets of one zone."""

    targets: frozenset[str]
    allowed: int  # hosts of the zone that may be out of service
    monitor: timedelta  # after the zone, before the next


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneByZone:
    """A window over the fleet and one over the zone that is deployed to: the narrower counts."""

    minimum: int  # hosts of the fleet that must stay healthy
    allowed: int  # hosts of the fleet that may be out of service
    zones: tuple[Zone, ...]

    def next(self, progress: Progress) -> Move:
        """
        Take what both windows have room for, in the first zone that is not through.

        Source: CodeDeploy User Guide, "Zonal configuration".
        """
        if self.allowed <= 0 or any(zone.allowed <= 0 for zone in self.zones):
            return Doomed(code="HEALTH_CONSTRAINTS_INVALID")
        for zone in self.zones:
            move = self._in_zone(zone, progress)
            if move is not None:
                return move
        return Done(succeeded=len(progress.succeeded) >= max(self.minimum, 1))

    def _in_zone(self, zone: Zone, progress: Progress) -> Move | None:
        """Say what to do in a zone; None: it is through, and so is its monitoring."""
        waiting = tuple(each for each in progress.waiting if each in zone.targets)
        running = zone.targets.intersection(progress.running)
        failed = zone.targets.intersection(progress.failed)
        if waiting:
            if len(progress.failed) >= self.allowed or len(failed) >= zone.allowed:
                return Doomed(code="HEALTH_CONSTRAINTS")
            room = min(
                self.allowed - len(progress.running) - len(progress.failed),
                zone.allowed - len(running) - len(failed),
            )
            return Take(targets=waiting[:room]) if room > 0 else Wait()
        if running:
            return Wait()
        if not progress.waiting or progress.now is None:
            return None
        if len(progress.failed) >= self.allowed:
            return Doomed(code="HEALTH_CONSTRAINTS")  # monitoring would not mend that
        until = max(progress.ended[each] for each in zone.targets) + zone.monitor
        return Wait(until=until) if progress.now < until else None


def zone_by_zone(config: DeploymentConfig, zones: Mapping[str, str]) -> ZoneByZone:
    """
    Make the strategy of a configuration that has ``zonal``; zones are taken by name.

    Args:
        config: The fleet's minimum and each zone's, both rounded up to whole hosts.
        zones: Target → its zone.

    """
    zonal = config.zonal
    assert zonal is not None, "asked for by strategy_for"
    names = sorted(set(zones.values()))
    minimum = hosts(config.minimum_healthy_hosts, len(zones))
    made: list[Zone] = []
    for name in names:
        members = frozenset(target for target, zone in zones.items() if zone == name)
        seconds = zonal.monitor_duration if made else zonal.first_zone_monitor_duration
        made.append(
            Zone(
                targets=members,
                allowed=len(members) - hosts(zonal.minimum_per_zone, len(members)),
                monitor=timedelta(seconds=seconds),
            )
        )
    return ZoneByZone(minimum=minimum, allowed=len(zones) - minimum, zones=tuple(made))
