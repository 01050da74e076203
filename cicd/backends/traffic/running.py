"""The routers that were ever started from a home, whatever carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cicd.backends.proxy.table import STATE
from cicd.backends.traffic.haproxy_router import RunningHAProxy
from cicd.backends.traffic.proxy_router import RunningProxy
from cicd.backends.traffic.router_state import DIRECTORY, kept

if TYPE_CHECKING:
    from pathlib import Path

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
