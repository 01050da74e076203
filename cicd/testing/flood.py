"""Very many plain requests, as fast as they are answered: who answered, and how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

_REQUEST: Final = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
_END: Final = b"\r\n\r\n"
_CONNECTIONS: Final = 16
_AHEAD: Final = 4  # requests of a connection that are not answered yet


class _Flood(asyncio.Protocol):
    """One connection, which always has some requests under way."""

    def __init__(self, flood: _Requests) -> None:
        self._flood = flood
        self._heard = b""
        self._open = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send(_AHEAD)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        count = start = 0
        while (cut := self._heard.find(_END, start)) >= 0:
            head = self._heard[start:cut].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            end = cut + len(_END) + length
            if len(self._heard) < end:
                break
            status, body = head.split(b" ", 2)[1], self._heard[cut + len(_END) : end]
            self._flood.answers[(body if status == b"200" else status).decode()] += 1
            start, count = end, count + 1
        self._heard = self._heard[start:]
        self._open -= count
        if count:
            self._send(count)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._flood.lost(self._open)

    def _send(self, count: int) -> None:
        assert self._transport is not None
        count = self._flood.take(count)
        self._open += count
        if count:
            self._transport.write(_REQUEST * count)
        elif not self._open:
            self._transport.close()


class _Requests:
    """How many requests are left, and what the others were answered."""

    def __init__(self, count: int) -> None:
        self.answers: Counter[str] = Counter()
        self.over = asyncio.Event()
        self._left = count
        self._connections = _CONNECTIONS

    def take(self, count: int) -> int:
        count = min(count, self._left)
        self._left -= count
        return count

    def lost(self, unanswered: int) -> None:
        """Note that a connection has ended; what it had not been answered has failed."""
        if unanswered:
            self.answers["lost"] += unanswered
        self._connections -= 1
        if not self._connections:
            self.over.set()


async def flood(host: str, port: int, count: int) -> Counter[str]:
    """Send ``count`` requests; gives bodies, other statuses than 200 and "lost" by count."""
    requests = _Requests(count)
    loop = asyncio.get_running_loop()
    for _ in range(_CONNECTIONS):
        await loop.create_connection(lambda: _Flood(requests), host, port)
    await requests.over.wait()
    return requests.answers
