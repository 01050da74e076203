"""Connections to backends: kept alive, and used again while they are fresh."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.backends.proxy.exchange import Exchange
    from cicd.ports import Endpoint

CONNECT_TIMEOUT: Final = 2.0  # seconds
# Seconds a connection may lie idle: less than what servers grant (Node 5, gunicorn 2), so that a
# request seldom meets a connection that is just being closed.
_IDLE: Final = 1.0
_QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux has it
_KEPT: Final = 64  # idle connections a backend


class Upstream(asyncio.Protocol):
    """One connection to a backend; it carries one exchange at a time."""

    transport: asyncio.Transport

    def __init__(self, pool: Pool, endpoint: Endpoint) -> None:
        self.pool = pool
        self.endpoint = endpoint
        self.exchange: Exchange | None = None
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._socket = transport.get_extra_info("socket")

    def acknowledge_at_once(self) -> None:
        """
        Do not keep the backend waiting for an acknowledgement of what it says next.

        Many small servers write head and body apart and let the system hold the second back until
        the first is acknowledged, which it would be 40 ms later.
        """
        if _QUICK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)

    def data_received(self, data: bytes) -> None:
        """Hand it to the exchange; what nobody asked for ends the connection."""
        if self.exchange is None:
            self.transport.abort()
        else:
            self.exchange.response_data(data)

    def eof_received(self) -> bool:
        """Tell the exchange; only a tunnel stays open for the other direction."""
        return self.exchange is not None and self.exchange.response_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange, and be forgotten."""
        del exc
        self.pool.forget(self)
        if self.exchange is not None:
            self.exchange.upstream_lost(self)

    def pause_writing(self) -> None:
        """The backend is slower than its client."""
        if self.exchange is not None:
            self.exchange.client.hold("backend")

    def resume_writing(self) -> None:
        """The backend has caught up."""
        if self.exchange is not None:
            self.exchange.client.release("backend")


class Pool:
    """Idle connections by backend."""

    def __init__(self, loop: asyncio.AbstractEventLoop, doubt: Callable[[Endpoint], None]) -> None:
        """``doubt`` is told of a backend that closed a connection which was fresh."""
        self._loop = loop
        self._doubt = doubt
        self._idle: dict[Endpoint, list[Upstream]] = {}

    def take(self, endpoint: Endpoint) -> Upstream | None:
        """Give the connection that was used last, if it is fresh."""
        kept = self._idle.get(endpoint)
        oldest = self._loop.time() - _IDLE
        while kept:
            upstream = kept.pop()
            if upstream.idle_since >= oldest and not upstream.transport.is_closing():
                return upstream
            upstream.transport.abort()
        return None

    async def connect(self, endpoint: Endpoint) -> Upstream:
        """Open a connection; raises ``OSError`` or ``TimeoutError``."""
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, upstream = await self._loop.create_connection(
                lambda: Upstream(self, endpoint), endpoint.host, endpoint.port
            )
        return upstream

    def give_back(self, upstream: Upstream) -> None:
        """Keep a connection for the next exchange."""
        upstream.exchange = None
        kept = self._idle.setdefault(upstream.endpoint, [])
        if len(kept) >= _KEPT:
            upstream.transport.abort()
            return
        upstream.idle_since = self._loop.time()
        upstream.transport.resume_reading()
        kept.append(upstream)

    def forget(self, upstream: Upstream) -> None:
        """A connection is gone."""
        kept = self._idle.get(upstream.endpoint)
        if kept and upstream in kept:
            kept.remove(upstream)
            self._doubt(upstream.endpoint)

    def sweep(self) -> None:
        """Close what lay idle for too long."""
        oldest = self._loop.time() - _IDLE
        for kept in self._idle.values():
            for upstream in [each for each in kept if each.idle_since < oldest]:
                kept.remove(upstream)
                upstream.transport.close()
