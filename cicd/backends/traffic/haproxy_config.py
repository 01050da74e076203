"""HAProxy's file, and its servers' weights, out of what a router was told. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cicd.ports import Answered, Endpoint
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.backends.proxy.table import Table
    from cicd.event import JSON


SOCKET: Final = "control.sock"
RING: Final = "requests"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_GONE: Final = 460  # the client left. Source: ELB guide, "HTTP 460"
HEAVIEST: Final = 256  # what HAProxy takes as a server's weight
_HEAD: Final = f"""\
global
    stats socket unix@{SOCKET} mode 600 level admin
    stats timeout 1h

ring {RING}
    format raw
    maxlen 512
    size {16 * 1024 * 1024}

defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    timeout http-request 60s
    option forwardfor
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response
    log ring@{RING} format raw local0
    log-format "%[date(0,us)] %b %s %ST %[date(0,us),sub(txn.began)]"
"""
_ONCE: Final = (
    "    http-request disable-l7-retry unless { method GET HEAD PUT DELETE OPTIONS TRACE }"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A target of a group, as one route has it."""

    backend: str
    name: str
    group: str
    endpoint: Endpoint
    weight: int

    @property
    def full_name(self) -> str:
        """Give "backend/server", as commands have it."""
        return f"{self.backend}/{self.name}"


def servers(table: Table) -> Iterator[Server]:
    """Give every target of every route."""
    for route, shares in table.routes.items():
        # A group has to be checked before a route gives it a weight.
        weights = dict.fromkeys(table.groups, 0) | shares.weights
        counts = {name: len(table.group(name).members) for name in weights}
        heavy = server_weights(weights, counts)
        for group in weights:
            for endpoint in table.group(group).members:
                yield Server(
                    backend=route,
                    name=f"{group}.{endpoint.host.replace(':', '-')}.{endpoint.port}",
                    group=group,
                    endpoint=endpoint,
                    weight=heavy[group],
                )


def read_ring(text: str, table: Table, route: str, since: datetime) -> Iterator[Answered]:
    """Read the lines of its log, whose form the file has: a route's requests since then."""
    oldest = since.timestamp() * 1e6
    groups = sorted(table.groups, key=len, reverse=True)
    for line in text.splitlines():
        parts = line.split(" ")
        if len(parts) != 5 or parts[1] != route or int(parts[0]) < oldest:
            continue
        at, _, server, status, took = parts
        # A request that could not be read has no beginning, and a client may leave unanswered.
        yield Answered(
            at=_EPOCH + timedelta(microseconds=int(at)),
            group=next((each for each in groups if server.startswith(f"{each}.")), ""),
            status=int(status) if int(status) > 0 else _GONE,
            seconds=int(took) / 1e6 if took.isdigit() else 0.0,
        )


def server_weights(weights: Mapping[str, int], counts: Mapping[str, int]) -> dict[str, int]:
    """Give the weight of one server of each group, so that the groups' sums are as asked for."""
    whole = math.lcm(*(count for count in counts.values() if count))
    single = {
        name: weight * whole // counts[name] if counts[name] else 0
        for name, weight in weights.items()
    }
    common = math.gcd(*single.values()) or 1
    single = {name: weight // common for name, weight in single.items()}
    heaviest = max(single.values(), default=0)
    if heaviest <= HEAVIEST:
        return single
    return {
        name: max(1, round(weight * HEAVIEST / heaviest)) if weight else 0
        for name, weight in single.items()
    }


def server_options(settings: Mapping[str, JSON]) -> str:
    """Give how a server is checked."""
    check = settings["healthCheck"]
    assert isinstance(check, dict)
    interval, threshold = check["interval"], check["unhealthyThreshold"]
    assert isinstance(interval, int | float)
    pause = max(1, round(interval * 1000))
    return (
        f"check inter {pause}ms fastinter 100ms downinter 100ms rise 1 fall {threshold} "
        "observe layer4 error-limit 1 on-error mark-down"
    )


def config(table: Table) -> str:
    """Write the whole file."""
    check, routes = table.settings["healthCheck"], table.settings["routes"]
    assert isinstance(check, dict)
    assert isinstance(routes, list)
    lines = [_HEAD]
    for route in routes:
        assert isinstance(route, dict)
        name, host = route["name"], str(route["host"])
        address = f"[{host}]" if ":" in host else host
        lines += [f"frontend {name}.front", f"    bind {address}:{route['port']}"]
        lines += [
            "    http-request set-var(txn.began) date(0,us)",
            f"    default_backend {name}",
            "",
            f"backend {name}",
            "    balance roundrobin",
            _ONCE,
        ]
        if check["path"]:
            lines += [
                "    option httpchk",
                f"    http-check send meth GET uri {check['path']} ver HTTP/1.1 hdr Host check",
                f"    http-check expect status {check['lowest']}-{check['highest']}",
            ]
        options = server_options(table.settings)
        lines += [
            f"    server {each.name} {each.endpoint} weight {each.weight} {options}"
            for each in servers(table)
            if each.backend == name
        ]
        lines.append("")
    return "\n".join(lines)
