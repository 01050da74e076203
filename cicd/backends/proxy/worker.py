"""The process that carries requests: listeners, health checks, and what it is told to do."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy import health
from cicd.backends.proxy.balance import MemberState
from cicd.backends.proxy.client import Client
from cicd.backends.proxy.request_log import RequestLog
from cicd.backends.proxy.table import Table, load_table
from cicd.backends.proxy.upstream import Pool
from cicd.ports import Endpoint, HealthCheck

if TYPE_CHECKING:
    import socket
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path

    from cicd.backends.proxy.balance import Group, Member
    from cicd.event import JSON

_FAREWELL: Final = 0.05  # seconds
_SWEEP: Final = 1.0  # seconds
_IDLE: Final = 60.0  # seconds: a client without a request, a backend without a word


class Worker:
    """One proxy at work in its directory."""

    def __init__(self, directory: Path) -> None:
        """Take up what was remembered."""
        self.loop = asyncio.get_running_loop()
        self.directory = directory
        self.table: Table = load_table(directory)
        self.pool = Pool(self.loop, self._doubt)
        self.clients: set[Client] = set()
        self._check = health_check(self.table.settings)
        self._log = RequestLog(directory, self.loop)
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversations: set[asyncio.StreamWriter] = set()
        self._stop = asyncio.Event()

    async def run(
        self, listeners: Sequence[tuple[str, int, socket.socket]], control: socket.socket
    ) -> None:
        """Serve until told to stop."""
        servers = [
            await self.loop.create_server(partial(Client, self, route, port), sock=listener)
            for route, port, listener in listeners
        ]
        servers.append(await asyncio.start_unix_server(self._converse, sock=control))
        for group in self.table.groups.values():
            for member in group.members.values():
                self.spawn(health.watch(group, member, self._check))
        self.spawn(self._sweep())
        await self._stop.wait()
        for server in servers:
            server.close()
        for writer in self._conversations:
            writer.close()
        # Their ends are heard of in the next turn of the loop; cancelled, they would complain.
        await asyncio.sleep(_FAREWELL)
        self._log.flush()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Begin something that nobody waits for."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note(
        self,
        *,
        route: str,
        group: str,
        endpoint: str,
        method: bytes,
        target: bytes,
        status: int,
        began: float,
        sent: int,
    ) -> None:
        """Write a request into the log."""
        took = self.loop.time() - began
        # The clock of the wall may be put right while we run: it is asked each time.
        at = datetime.now(UTC) - timedelta(seconds=took)
        self._log.add(
            {
                "at": at.isoformat(timespec="microseconds"),
                "route": route,
                "group": group,
                "endpoint": endpoint,
                "method": method.decode("ascii", "replace"),
                "target": target.decode("ascii", "replace"),
                "status": status,
                "milliseconds": round(took * 1000, 3),
                "bytes": sent,
            }
        )

    def _doubt(self, endpoint: Endpoint) -> None:
        for group in self.table.groups.values():
            if endpoint in group.members:
                group.members[endpoint].doubt()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            self.pool.sweep()
            oldest = self.loop.time() - _IDLE
            for client in list(self.clients):
                exchange = client.exchange
                if exchange is None:
                    if client.active_at < oldest:
                        client.expired()
                elif exchange.active_at < oldest and client.active_at < oldest:
                    exchange.timed_out()

    # ── What it is told ───────────────────────────────────────────────────────────────────────

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._conversations.add(writer)
        try:
            while line := await reader.readline():
                try:
                    answer = await self._obey(json.loads(line))
                except (KeyError, ValueError, TypeError) as reason:
                    answer = {"refused": f"{type(reason).__name__}: {reason}"}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except OSError:
            pass  # whoever asked is gone
        finally:
            writer.close()
            self._conversations.discard(writer)

    async def _obey(self, wish: Mapping[str, JSON]) -> dict[str, JSON]:
        match wish["do"]:
            case "show":
                return {"pid": os.getpid(), **self.table.shown()}
            case "weights":
                weights = wish["weights"]
                assert isinstance(weights, dict)
                self.table.set_weights(
                    str(wish["route"]), {name: _whole(each) for name, each in weights.items()}
                )
            case "register":
                self._register(self.table.group(str(wish["group"])), _endpoint(wish))
            case "deregister":
                drain = wish["drain"]
                assert isinstance(drain, int | float)
                await self._deregister(
                    self.table.group(str(wish["group"])), _endpoint(wish), drain
                )
            case "flush":
                self._log.flush()
                return {}
            case "stop":
                self._stop.set()
                return {}
            case other:
                raise ValueError(f"'{other}' is no command")
        self.table.save(self.directory)
        return {}

    def _register(self, group: Group, endpoint: Endpoint) -> None:
        known = endpoint in group.members
        member = group.register(endpoint)
        if not known:
            self.spawn(health.watch(group, member, self._check))

    async def _deregister(self, group: Group, endpoint: Endpoint, drain: float) -> None:
        member = group.members.get(endpoint)
        if member is None:
            return
        member.state = MemberState.DRAINING
        self.table.save(self.directory)
        await self._idle(member, drain)
        if member.state is MemberState.DRAINING:
            group.members.pop(endpoint, None)
            self._cut(member)

    async def _idle(self, member: Member, drain: float) -> None:
        if not member.in_flight:
            return
        idle = asyncio.Event()
        member.on_idle.append(idle.set)
        try:
            async with asyncio.timeout(drain):
                await idle.wait()
        except TimeoutError:
            pass

    def _cut(self, member: Member) -> None:
        """End the requests that outlived the draining."""
        for client in list(self.clients):
            if client.exchange is not None and client.exchange.is_at(member):
                client.transport.abort()


def health_check(settings: Mapping[str, JSON]) -> HealthCheck:
    """Read how targets are to be checked."""
    kept = settings["healthCheck"]
    assert isinstance(kept, dict)
    return HealthCheck(
        path=str(kept["path"]),
        lowest=_whole(kept["lowest"]),
        highest=_whole(kept["highest"]),
        interval=_seconds(kept["interval"]),
        timeout=_seconds(kept["timeout"]),
        unhealthy_threshold=_whole(kept["unhealthyThreshold"]),
    )


def _seconds(value: JSON) -> timedelta:
    assert isinstance(value, int | float)
    return timedelta(seconds=value)


def _whole(value: JSON) -> int:
    assert isinstance(value, int)
    return value


def _endpoint(wish: Mapping[str, JSON]) -> Endpoint:
    return Endpoint(host=str(wish["host"]), port=_whole(wish["port"]))
