"""A `TrafficRouter` in memory, which remembers what it was told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from cicd.ports import Answered, Endpoint, RouterSpec


class RecordingTrafficRouter:
    """
    Carries nothing; a registered target is healthy unless it is in ``ailing``.

    ``told`` has every change in order: ("register", group, "host:port"),
    ("deregister", …), ("weights", route, "blue 30, green 70"), ("retire", "", "").
    ``seen`` is its request log.
    """

    def __init__(self, spec: RouterSpec) -> None:
        """Begin with the weights of ``spec``, and nobody registered."""
        self.seen: list[Answered] = []
        self.ailing: set[Endpoint] = set()
        self.told: list[tuple[str, str, str]] = []
        self._weights = {route.name: dict(route.weights) for route in spec.routes}
        self._groups: dict[str, set[Endpoint]] = {}
        self._lock = threading.Lock()

    def set_weights(self, route: str, weights: Mapping[str, int]) -> None:
        """Note new weights."""
        if sum(weights.values()) != 100 or min(weights.values()) < 0:
            raise UsageError("weights must sum to 100")
        with self._lock:
            self._known(route)
            self._weights[route] = dict(weights)
            said = ", ".join(f"{name} {weight}" for name, weight in weights.items())
            self.told.append(("weights", route, said))

    def weights(self, route: str) -> Mapping[str, int]:
        """Give the last weights."""
        with self._lock:
            return self._known(route)

    def register(self, group: str, endpoint: Endpoint) -> None:
        """Note a target."""
        with self._lock:
            self._groups.setdefault(group, set()).add(endpoint)
            self.told.append(("register", group, str(endpoint)))

    def deregister(self, group: str, endpoint: Endpoint, *, drain: timedelta) -> None:
        """Forget a target; it has no requests that could be waited for."""
        del drain
        with self._lock:
            self._groups.get(group, set()).discard(endpoint)
            self.told.append(("deregister", group, str(endpoint)))

    def retire(self) -> None:
        """Note that it has ended, if it has."""
        with self._lock:
            if not any(self._groups.values()):
                self.told.append(("retire", "", ""))

    def answered(self, route: str, since: datetime) -> Sequence[Answered]:
        """Give of ``seen`` what came since then."""
        with self._lock:
            self._known(route)
            return [each for each in self.seen if each.at >= since]

    def healthy(self, group: str) -> frozenset[Endpoint]:
        """Give the targets that are not ill."""
        with self._lock:
            return frozenset(self._groups.get(group, set()) - self.ailing)

    def ill(self, group: str) -> Mapping[Endpoint, str]:
        """Give the targets that are ill."""
        with self._lock:
            return dict.fromkeys(self._groups.get(group, set()) & self.ailing, "it is ill")

    def _known(self, route: str) -> Mapping[str, int]:
        if route not in self._weights:
            raise UsageError(f"there is no route '{route}'")
        return self._weights[route]
