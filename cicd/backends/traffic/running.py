"""The routers that were ever started from a home, whatever carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cicd.backends.proxy.table import STATE, load_table
from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.proxy_router import RunningProxy
from cicd.backends.traffic.router_state import DIRECTORY, forget_all, kept

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from cicd.ports import Endpoint

RunningRouter: TypeAlias = RunningProxy | RunningHAProxy


def running_routers(home: Path) -> list[RunningRouter]:
    """Give them by name, running or not."""
    found: list[RunningRouter] = []
    for place in sorted((home / DIRECTORY).glob(f"*/{STATE}")):
        settings = kept(place.parent).get("settings")
        kind = settings.get("kind") if isinstance(settings, dict) else None
        made = RunningHAProxy if kind == "haproxy" else RunningProxy
        found.append(made(place.parent))
    return found


def shares_of(home: Path) -> Mapping[Endpoint, Mapping[str, int]]:
    """Give the weight, per cent of each route, of every target's group, running or not."""
    found: dict[Endpoint, dict[str, int]] = {}
    for router in running_routers(home):
        table = load_table(router.directory)
        for name, group in table.groups.items():
            for endpoint in group.members:
                mine = found.setdefault(endpoint, {})
                for route, each in table.routes.items():
                    mine[route] = max(mine.get(route, 0), each.weights.get(name, 0))
    return found


def forget_routers(
    home: Path, ended: Collection[Endpoint], *, of: str, others: Collection[Endpoint]
) -> tuple[str, ...]:
    """
    Stop those of a service that was removed, and forget what they were told; gives their names.

    Args:
        home: The state directory.
        ended: The service's targets, as far as they are known: what has no others is its own.
        of: The service's name, which its load balancer has.
        others: The targets of other services: what has one of them goes on.

    """
    forgotten = []
    for router in running_routers(home):
        groups = load_table(router.directory).groups.values()
        members = {endpoint for group in groups for endpoint in group.members}
        is_named = router.directory.name == of and members.isdisjoint(others)
        if is_named or (members and members <= set(ended)):
            router.stop()
            forget_all(router.directory)
            forgotten.append(router.directory.name)
    return tuple(forgotten)
