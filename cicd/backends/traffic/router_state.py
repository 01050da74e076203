"""A router's own directory: what it was made with, and what it was told."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.table import STATE, load_table
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cicd.event import JSON
    from cicd.ports import Endpoint, RouterSpec

DIRECTORY: Final = "routers"
"""Below the home."""

_LOCK: Final = "state.lock"


def settings_of(spec: RouterSpec) -> dict[str, JSON]:
    """Give what a router is made with."""
    check = spec.health_check
    return {
        "name": spec.name,
        "kind": spec.kind,
        "routes": [
            {"name": route.name, "host": route.listen.host, "port": route.listen.port}
            for route in spec.routes
        ],
        "healthCheck": {
            "path": check.path,
            "lowest": check.lowest,
            "highest": check.highest,
            "interval": check.interval.total_seconds(),
            "timeout": check.timeout.total_seconds(),
            "unhealthyThreshold": check.unhealthy_threshold,
        },
    }


def kept(directory: Path) -> Mapping[str, JSON]:
    """Give what was remembered; {}: nothing. Raises ``Unavailable`` when it is damaged."""
    place = directory / STATE
    if not place.exists():
        return {}
    try:
        found = json.loads(place.read_text("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unavailable(
            f"what the load balancer '{directory.name}' was told cannot be read",
            hint=f"remove {place}; the next deployment tells it again",
        )
    return found


def remember(directory: Path, spec: RouterSpec) -> None:
    """Take up new settings; weights and targets stay as far as the routes do."""
    known = kept(directory)
    old = known.get("weights", {})
    assert isinstance(old, dict)
    state = {
        "settings": settings_of(spec),
        "weights": {route.name: old.get(route.name, dict(route.weights)) for route in spec.routes},
        "members": known.get("members", {}),
    }
    fresh = directory / f"{STATE}.new"
    fresh.write_text(json.dumps(state), "utf-8")
    fresh.replace(directory / STATE)


def forget(directory: Path, group: str, endpoint: Endpoint) -> None:
    """Have a router that does not run begin without a target."""
    if kept(directory):
        table = load_table(directory)
        table.group(group).members.pop(endpoint, None)
        table.save(directory)


def has_targets(directory: Path) -> bool:
    """Tell whether any group of a router has a target, as far as it was told."""
    return bool(kept(directory)) and any(
        group.members for group in load_table(directory).groups.values()
    )


def forget_all(directory: Path) -> None:
    """Forget what a router was told that has ended; its log of requests stays."""
    (directory / STATE).unlink(missing_ok=True)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, that starts a router or changes its state."""
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
