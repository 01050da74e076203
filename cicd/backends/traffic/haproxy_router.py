"""HAProxy as a router: its file is written first, and then it is told the same at run time."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.table import load_table
from cicd.backends.traffic.haproxy_config import (
    RING,
    read_ring,
    server_options,
    servers,
)
from cicd.backends.traffic.haproxy_process import PASSED, PAUSE, RunningHAProxy, is_healthy
from cicd.backends.traffic.router_state import (
    DIRECTORY,
    forget,
    forget_all,
    has_targets,
    kept,
    locked,
    remember,
    settings_of,
)
from cicd.backends.traffic.weights import check_weights, unknown_route

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from cicd.backends.proxy.table import Table
    from cicd.ports import Answered, Endpoint, RouterSpec

_NOT_YET: Final = frozenset({"", "INI", "UNK"})


class HAProxyRouter:
    """
    A router that is HAProxy; it is started when first needed, and found again.

    Args:
        home: The state directory.
        spec: What it listens on.
    """

    def __init__(self, home: Path, spec: RouterSpec) -> None:
        """Look at nothing yet."""
        self._spec = spec
        self._running = RunningHAProxy(home / DIRECTORY / spec.name)

    def set_weights(self, route: str, weights: Mapping[str, int]) -> None:
        """Share a route's requests out over groups."""
        check_weights(weights)
        with self._told() as table:
            self._known(table, route)
            table.set_weights(route, weights)

    def weights(self, route: str) -> Mapping[str, int]:
        """Give the weights that are in force."""
        with self._told() as table:
            return self._known(table, route)

    def register(self, group: str, endpoint: Endpoint) -> None:
        """Let a target have requests of its group as soon as it is healthy."""
        with self._told() as table:
            table.group(group).register(endpoint)

    def deregister(self, group: str, endpoint: Endpoint, *, drain: timedelta) -> None:
        """Send a target nothing new; returns when its requests have ended, or after ``drain``."""
        with locked(self._running.directory):
            if not self._running.lives():
                forget(self._running.directory, group, endpoint)
                return
        with self._told() as table:
            going = [
                each
                for each in servers(table)
                if each.group == group and each.endpoint == endpoint
            ]
            with suppress(OSError):  # it died: it begins anew without them
                for each in going:
                    self._running.command(f"set server {each.full_name} state drain")
            table.group(group).members.pop(endpoint, None)
        until = time.monotonic() + drain.total_seconds()
        with suppress(OSError):  # its requests died with it
            while time.monotonic() < until and self._running.sessions(going):
                time.sleep(PAUSE)
            for each in going:
                self._running.remove(each)

    def retire(self) -> None:
        """End it, and forget what it was told, if it has no target."""
        with locked(self._running.directory):
            if not has_targets(self._running.directory):
                self._running.stop()
                forget_all(self._running.directory)

    def answered(self, route: str, since: datetime) -> Sequence[Answered]:
        """Give a route's requests that were answered since then; its log ends with it."""
        known = [each.name for each in self._spec.routes]
        if route not in known:
            raise unknown_route(self._spec.name, route, known)
        try:
            said = self._running.command(f"show events {RING}")
        except OSError:
            return []
        seen = read_ring(said, load_table(self._running.directory), route, since)
        return sorted(seen, key=lambda each: each.at)  # its threads write as they come

    def healthy(self, group: str) -> frozenset[Endpoint]:
        """Give the targets of a group that have requests."""
        with self._told() as table:
            rows = self._rows(table)
            return frozenset(
                each.endpoint
                for each in servers(table)
                if each.group == group and is_healthy(rows.get(each.full_name, {}))
            )

    def ill(self, group: str) -> Mapping[Endpoint, str]:
        """Give the targets of a group whose last check failed, and what it saw."""
        with self._told() as table:
            rows = self._rows(table)
            found = {
                each.endpoint: rows.get(each.full_name, {})
                for each in servers(table)
                if each.group == group
            }
        return {place: _seen(row) for place, row in found.items() if _has_failed(row)}

    def _rows(self, table: Table) -> Mapping[str, Mapping[str, str]]:
        """Give its statistics, also if it died a moment ago."""
        try:
            return self._running.rows()
        except OSError:
            self._running.ensure(table)
            return self._running.rows()

    def _known(self, table: Table, route: str) -> Mapping[str, int]:
        if route not in table.routes:
            raise unknown_route(self._spec.name, route, table.routes)
        return dict(table.routes[route].weights)

    @contextmanager
    def _told(self) -> Iterator[Table]:
        """Read what it knows; keep what is changed, on the disk first, and in HAProxy then."""
        directory = self._running.directory
        with locked(directory):
            if kept(directory).get("settings") != settings_of(self._spec):
                self._running.stop()
                remember(directory, self._spec)
            table = load_table(self._running.directory)
            self._running.ensure(table)
            before = {each.full_name: each.weight for each in servers(table)}
            yield table
            after = list(servers(table))
            if {each.full_name: each.weight for each in after} == before:
                table.save(self._running.directory)
                return
            self._running.write(table)
            options = server_options(table.settings)
            try:
                for each in after:
                    if each.full_name not in before:
                        self._running.add(each, options)
                    elif each.weight != before[each.full_name]:
                        words = f"set server {each.full_name} weight {each.weight}"
                        self._running.command(words)
            except OSError:  # it died: it begins anew with what its file says
                self._running.ensure(table)


def _has_failed(row: Mapping[str, str]) -> bool:
    status = row.get("check_status", "").removeprefix("* ")
    return status not in PASSED and status not in _NOT_YET


def _seen(row: Mapping[str, str]) -> str:
    """Put a check that failed into the words of our own proxy, where it has some."""
    match row["check_status"].removeprefix("* "):
        case "L7STS":
            return f"the health check is answered with {row.get('check_code')}"
        case "L4CON":
            return "nobody listens: the connection is refused"
        case "L4TOUT" | "L6TOUT" | "L7TOUT":
            return "no answer to the health check in time"
        case "L7RSP":
            return "no answer in HTTP to the health check"
        case other:
            return row.get("check_desc", "").lower() or other
