"""An HAProxy that may be alive in its directory: started, told things on its socket, ended."""

from __future__ import annotations

import csv
import os
import re
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.balance import MemberState
from cicd.backends.proxy.table import load_table
from cicd.backends.traffic.control_socket import connected
from cicd.backends.traffic.haproxy_config import SOCKET, Server, config, servers
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.backends.proxy.table import Table
    from cicd.event import JSON

_FILE: Final = "haproxy.cfg"
_PID: Final = "haproxy.pid"
_PATIENCE: Final = 10.0  # seconds for an answer
_DIGITS: Final = 19
_MOST: Final = 64 << 20  # bytes of an answer
_OWN: Final = re.compile(r"^Pid: ([1-9][0-9]{0,9})$", re.MULTILINE)
PAUSE: Final = 0.02
PASSED: Final = frozenset({"L4OK", "L6OK", "L7OK"})


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
                if len(said) > _MOST:
                    raise self._foreign()
        return said.decode(errors="replace").strip()

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
        return sum(_count(rows.get(each.full_name, {}), "scur") for each in of)

    def rows(self) -> dict[str, dict[str, str]]:
        """Give its statistics, by "backend/server"."""
        lines = self.command("show stat").removeprefix("# ").splitlines()
        try:
            return {
                f"{row['pxname']}/{row['svname']}": row
                for row in csv.DictReader(lines, restval="")
            }
        except (KeyError, csv.Error):
            raise self._foreign() from None

    def show(self) -> Mapping[str, JSON] | None:
        """Give what it is doing, as our own proxy would; None: it does not run."""
        try:
            rows, process = self.rows(), self.pid()
        except OSError:
            return None
        table = load_table(self.directory)
        for each in servers(table):
            row = rows.get(each.full_name, {})
            member = table.group(each.group).members[each.endpoint]
            member.state = MemberState.HEALTHY if is_healthy(row) else MemberState.UNHEALTHY
            member.in_flight = _count(row, "scur")
            member.requests = _count(row, "req_tot") or _count(row, "stot")
            statuses = {kind: _count(row, f"hrsp_{kind}xx") for kind in range(1, 6)}
            member.statuses = {kind: count for kind, count in statuses.items() if count}
        return {"pid": process, **table.shown()}

    def pid(self) -> int:
        """Give its process, by its own word: what is in a file may be another's by now."""
        found = _OWN.search(self.command("show info"))
        if found is None:
            raise self._foreign()
        return int(found[1])

    def stop(self) -> bool:
        """End it, and wait until its ports are free; False: it did not run."""
        try:
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
            time.sleep(PAUSE)
        return True

    def _foreign(self) -> Unavailable:
        return Unavailable(
            f"what answers on {self.directory / SOCKET} is no HAProxy of ours",
            hint="end what has that file open, and remove the file",
        )

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


def _count(row: Mapping[str, str], name: str) -> int:
    """Read a number of its statistics; 0 for what is none, such as of an answer that was cut."""
    written = row.get(name) or ""
    return int(written) if written.isdecimal() and len(written) < _DIGITS else 0


def is_healthy(row: Mapping[str, str]) -> bool:
    """Tell from a server's statistics whether its last check passed, and it has requests."""
    return row.get("status", "").startswith("UP") and row.get("check_status") in PASSED
