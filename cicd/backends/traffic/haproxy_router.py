"""HAProxy as a router: its file is written first, and then it is told the same at run time."""

from __future__ import annotations

import csv
import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.balance import MemberState
from cicd.backends.proxy.table import load_table
from cicd.backends.traffic.control_socket import connected
from cicd.backends.traffic.haproxy_config import (
    RING,
    SOCKET,
    Server,
    config,
    read_ring,
    server_options,
    servers,
)
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
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from cicd.backends.proxy.table import Table
    from cicd.event import JSON
    from cicd.ports import Answered, Endpoint, RouterSpec

_FILE: Final = "haproxy.cfg"
_PID: Final = "haproxy.pid"
_PATIENCE: Final = 10.0  # seconds for an answer
_PAUSE: Final = 0.02
_NOT_YET: Final = frozenset({"", "INI", "UNK"})
_PASSED: Final = frozenset({"L4OK", "L6OK", "L7OK"})


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
            for each in going:
                self._running.command(f"set server {each.full_name} state drain")
            table.group(group).members.pop(endpoint, None)
        until = time.monotonic() + drain.total_seconds()
        while time.monotonic() < until and self._running.sessions(going):
            time.sleep(_PAUSE)
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
            rows = self._running.rows()
            return frozenset(
                each.endpoint
                for each in servers(table)
                if each.group == group and _is_healthy(rows.get(each.full_name, {}))
            )

    def ill(self, group: str) -> Mapping[Endpoint, str]:
        """Give the targets of a group whose last check failed, and what it saw."""
        with self._told() as table:
            rows = self._running.rows()
            found = {
                each.endpoint: rows.get(each.full_name, {})
                for each in servers(table)
                if each.group == group
            }
        return {place: _seen(row) for place, row in found.items() if _has_failed(row)}

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
            for each in after:
                if each.full_name not in before:
                    self._running.add(each, options)
                elif each.weight != before[each.full_name]:
                    self._running.command(f"set server {each.full_name} weight {each.weight}")


class RunningHAProxy:
    """The directory of an HAProxy, and the process that may be alive in it."""

    def __init__(self, directory: Path) -> None:
        """Look at nothing yet."""
        self.directory = directory

    def command(self, text: str) -> str:
        """Say something on its socket, and give the answer; raises ``OSError``."""
        with connected(self.directory, SOCKET, _PATIENCE) as connection:
            connection.sendall(f"{text}\n".encode())
            said = b""
            while data := connection.recv(65536):
                said += data
        return said.decode().strip()

    def ensure(self, table: Table) -> None:
        """Start it if it does not run; raises ``Unavailable``."""
        if not self.lives():
            self._start(table)

    def lives(self) -> bool:
        """Tell whether it answers."""
        try:
            self.command("show version")
        except OSError:
            return False
        return True

    def write(self, table: Table) -> None:
        """Write what it would begin with."""
        table.save(self.directory)
        fresh = self.directory / f"{_FILE}.new"
        fresh.write_text(config(table), "utf-8")
        fresh.replace(self.directory / _FILE)

    def add(self, server: Server, options: str) -> None:
        """Add a server that its file has already; one that was not quite removed comes back."""
        place = f"{server.endpoint} weight {server.weight} {options}"
        said = self.command(f"add server {server.full_name} {place}")
        if "registered" not in said and "lready exists" not in said:
            raise Unavailable(
                f"HAProxy refuses the target {server.endpoint}: {said}",
                hint="name it by its address",
            )
        self.command(f"set server {server.full_name} weight {server.weight}")
        self.command(f"enable health {server.full_name}")
        self.command(f"set server {server.full_name} state ready")

    def remove(self, server: Server) -> None:
        """End what is left of its requests, and forget it."""
        self.command(f"set server {server.full_name} state maint")
        self.command(f"shutdown sessions server {server.full_name}")
        self.command(f"disable health {server.full_name}")
        self.command(f"del server {server.full_name}")

    def sessions(self, of: list[Server]) -> int:
        """Count the requests that servers are busy with."""
        rows = self.rows()
        return sum(int(rows.get(each.full_name, {}).get("scur") or 0) for each in of)

    def rows(self) -> dict[str, dict[str, str]]:
        """Give its statistics, by "backend/server"."""
        lines = self.command("show stat").removeprefix("# ").splitlines()
        return {f"{row['pxname']}/{row['svname']}": row for row in csv.DictReader(lines)}

    def show(self) -> Mapping[str, JSON] | None:
        """Give what it is doing, as our own proxy would; None: it does not run."""
        try:
            rows = self.rows()
        except OSError:
            return None
        table = load_table(self.directory)
        for each in servers(table):
            row = rows.get(each.full_name, {})
            member = table.group(each.group).members[each.endpoint]
            member.state = MemberState.HEALTHY if _is_healthy(row) else MemberState.UNHEALTHY
            member.in_flight = int(row.get("scur") or 0)
            member.requests = int(row.get("req_tot") or row.get("stot") or 0)
            member.statuses = {
                kind: int(row[f"hrsp_{kind}xx"])
                for kind in range(1, 6)
                if int(row.get(f"hrsp_{kind}xx") or 0)
            }
        return {"pid": self.pid(), **table.shown()}

    def pid(self) -> int:
        """Give its process."""
        return int((self.directory / _PID).read_text("ascii"))

    def stop(self) -> bool:
        """End it, and wait until its ports are free; False: it did not run."""
        try:
            self.command("show version")
            process = self.pid()
            os.kill(process, signal.SIGTERM)
        except OSError:
            return False
        # Its control socket closes before the ports of its routes do.
        with suppress(OSError, AttributeError):  # gone already; or not on Linux
            ending = os.pidfd_open(process)
            try:
                select.select([ending], [], [], _PATIENCE)
            finally:
                os.close(ending)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self.lives():
            time.sleep(_PAUSE)
        return True

    def _start(self, table: Table) -> None:
        program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin")
        if program is None:
            raise Unavailable(
                "the program 'haproxy' is not on this machine",
                hint="install it, or leave out 'router: haproxy': the built-in one needs nothing",
            )
        self.write(table)
        directory = str(self.directory.absolute())
        made = subprocess.run(
            [program, "-D", "-C", directory, "-f", _FILE, "-p", _PID],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            alerts = [line for line in made.stderr.splitlines() if line.startswith("[ALERT]")]
            raise Unavailable(
                f"HAProxy does not start: {(alerts or ['it does not say why'])[0]}",
                hint=f"its file is {self.directory / _FILE}",
            )


def _is_healthy(row: Mapping[str, str]) -> bool:
    return row.get("status", "").startswith("UP") and row.get("check_status") in _PASSED


def _has_failed(row: Mapping[str, str]) -> bool:
    status = row.get("check_status", "").removeprefix("* ")
    return status not in _PASSED and status not in _NOT_YET


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
