"""Connections of clients: requests one after another, each made an exchange."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.exchange import Exchange
from cicd.backends.proxy.message import (
    HEAD_END,
    HEAD_LIMIT,
    BadMessageError,
    own_answer,
    read_request,
)

if TYPE_CHECKING:
    from cicd.backends.proxy.worker import Worker

_BUFFERED: Final = 64 * 1024  # bytes of later requests that are read ahead
_LINGER: Final = 1.0  # seconds that a client is still read after its last answer


class Client(asyncio.Protocol):
    """One connection of a client on one route."""

    transport: asyncio.Transport

    def __init__(self, worker: Worker, route: str, port: int) -> None:
        self.worker = worker
        self.route = route
        self.port = port
        self.address = ""
        self.buffer = b""
        self.exchange: Exchange | None = None
        self.active_at = worker.loop.time()
        self._holds: set[str] = set()
        self._ended = False  # it will send no more
        self._over = False  # it will be answered no more
        self._full = False  # it has not taken what it was answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and who is at its other end."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "unknown"
        self.worker.clients.add(self)

    def data_received(self, data: bytes) -> None:
        """Read the next request, or go on with the one that runs."""
        if self.exchange is not None or not self.buffer:
            self.active_at = self.worker.loop.time()  # a head has its time as a whole
        if self._over:
            return
        if self.exchange is not None:
            data = self.exchange.request_data(data)
            if not data:
                return
        self.buffer += data
        if self.exchange is None:
            self._next()
        elif len(self.buffer) > _BUFFERED:
            self.hold("pipelined")

    def eof_received(self) -> bool:
        """A client may say that it sends no more, and still wait for its answer."""
        self._ended = True
        return self.exchange is not None and self.exchange.request_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what it asked for."""
        del exc
        self.worker.clients.discard(self)
        if self.exchange is not None:
            self.exchange.client_lost()

    def pause_writing(self) -> None:
        """The client is slower than its backend."""
        self._full = True
        if self.exchange is not None:
            self.exchange.hold_response()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._full = False
        if self.exchange is not None:
            self.exchange.release_response()
        elif self.buffer:
            self._next()

    def hold(self, why: str) -> None:
        """Read no more, for one reason more."""
        self._holds.add(why)
        self.transport.pause_reading()

    def release(self, why: str) -> None:
        """Read on, unless there is another reason."""
        self._holds.discard(why)
        if not self._holds and not self.transport.is_closing():
            self.transport.resume_reading()

    def expired(self) -> None:
        """End what has not asked anything, or not to the end, in its time."""
        if self.buffer and not self._over:
            self.end(own_answer(408))
        else:
            self.transport.close()

    def taken(self) -> bytes:
        """Give what was read ahead, which turned out to be none of the next request."""
        early, self.buffer = self.buffer, b""
        if early:
            self.release("pipelined")
        return early

    def done(self, *, close: bool) -> None:
        """The exchange is over; ``close``: the connection is, too."""
        self.exchange = None
        self.active_at = self.worker.loop.time()
        self._holds.clear()
        if self.transport.is_closing():
            return
        self.transport.resume_reading()
        if close or self._ended:
            self.end()
        elif self.buffer:
            # Not from here: a client with many requests at once would nest as deep.
            self.worker.loop.call_soon(self._next)

    def end(self, last: bytes = b"") -> None:
        """
        Send the rest, and close.

        What the client still sends is read for a moment: to close over it would reset the
        connection, and the answer would be lost on the way.
        """
        self._over = True
        if last:
            self.transport.write(last)
        if self._ended or self.transport.is_closing():
            self.transport.close()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.worker.loop.call_later(_LINGER, self.transport.close)

    def _next(self) -> None:
        # Who asks on without reading the answers is not answered on.
        if self.exchange is not None or self._over or self._full or self.transport.is_closing():
            return
        # RFC 9112, 2.2: an empty line before a request is to be passed over.
        self.buffer = self.buffer.lstrip(b"\r\n")
        cut = self.buffer.find(HEAD_END)
        if cut < 0 and len(self.buffer) <= HEAD_LIMIT:
            return
        try:
            if cut < 0 or cut > HEAD_LIMIT:
                raise BadMessageError(431)  # noqa: TRY301  # one way out for all bad requests
            head = read_request(self.buffer[:cut])
            exchange = Exchange(self, head)
        except BadMessageError as bad:
            self.end(own_answer(bad.status))
            return
        rest, self.buffer = self.buffer[cut + len(HEAD_END) :], b""
        self.exchange = exchange
        self.buffer = exchange.begin(rest)
