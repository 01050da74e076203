"""All that the proxy knows: its routes, its groups, and what it was told to remember."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cicd.backends.proxy.balance import Group, MemberState, Route
from cicd.event import JSON
from cicd.ports import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.backends.proxy.balance import Member

STATE = "state.json"


@dataclass(slots=True)
class Table:
    """Routes and groups by name; ``settings`` is what the proxy was made with."""

    settings: Mapping[str, JSON]
    routes: dict[str, Route] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        """Give a group, which need not have members yet."""
        if name not in self.groups:
            self.groups[name] = Group(name)
        return self.groups[name]

    def set_weights(self, route: str, weights: Mapping[str, int]) -> None:
        """Share a route's requests out; its groups exist from then on."""
        self.routes[route].set_weights(weights)
        for name in weights:
            self.group(name)

    def choose(
        self,
        route: str,
        besides: Collection[Endpoint] = (),
        again: Group | None = None,
        *,
        open_to_all: bool = True,
    ) -> tuple[Group, Member] | None:
        """
        Say who gets a route's next request; None: there is nobody.

        A group in which nobody is healthy leaves its share to the others that have a weight. Where
        none of them has anybody healthy all are tried that do not drain: what is only believed to
        be ill still answers.

        Args:
            route: The route's name.
            besides: Who was tried already.
            again: The group of a request that is sent again; another member of it comes first.
            open_to_all: Whether those count that are believed to be ill, where nobody else is.

        Source: Elastic Load Balancing User Guide, "Target group health" (fail open).
        """
        if again is not None and (usable := again.usable(besides)):
            return again, again.choose(usable)
        shares = self.routes[route]
        for ill in (False, True) if open_to_all else (False,):
            found = {
                name: self.group(name).usable(besides, ill=ill)
                for name, weight in shares.weights.items()
                if weight
            }
            name = shares.choose([name for name, usable in found.items() if not usable])
            if name is not None:
                group = self.group(name)
                return group, group.choose(found[name])
        return None

    def remembered(self) -> dict[str, JSON]:
        """Give what must survive; draining targets were asked to go, and are not in it."""
        return {
            "settings": dict(self.settings),
            "weights": {name: dict(route.weights) for name, route in self.routes.items()},
            "members": {
                name: [
                    {"host": each.endpoint.host, "port": each.endpoint.port}
                    for each in group.members.values()
                    if each.state is not MemberState.DRAINING
                ]
                for name, group in self.groups.items()
            },
        }

    def shown(self) -> dict[str, JSON]:
        """Give what people may want to see."""
        return {
            "settings": dict(self.settings),
            "weights": {name: dict(route.weights) for name, route in self.routes.items()},
            "groups": {
                name: [
                    {
                        "host": each.endpoint.host,
                        "port": each.endpoint.port,
                        "state": str(each.state),
                        "seen": each.seen,
                        "inFlight": each.in_flight,
                        "requests": each.requests,
                        "statuses": {f"{kind}xx": n for kind, n in sorted(each.statuses.items())},
                    }
                    for each in group.members.values()
                ]
                for name, group in self.groups.items()
            },
        }

    def save(self, directory: Path) -> None:
        """Write what must survive; whole or not at all."""
        fresh = directory / f"{STATE}.new"
        fresh.write_text(json.dumps(self.remembered(), indent=1), "utf-8")
        fresh.replace(directory / STATE)


def load_table(directory: Path) -> Table:
    """Read what was remembered."""
    kept = json.loads((directory / STATE).read_text("utf-8"))
    table = Table(kept["settings"])
    for name, weights in kept["weights"].items():
        table.routes[name] = Route({})
        table.set_weights(name, weights)
    for name, members in kept["members"].items():
        for member in members:
            table.group(name).register(Endpoint(host=member["host"], port=member["port"]))
    return table
