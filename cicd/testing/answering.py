"""
A small server to be sent traffic: `python -m cicd.testing.answering WORD [PORT]`.

It answers every request with its word and says its port on its first line of output. A query
changes that: `?wait=0.5` answers later, `?size=1000000` with as many bytes, `?status=500` with
that status; a request's body comes back as its length. `/gone` closes the connection without an
answer. Asked to upgrade, it says its word and then whatever it is told.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final
from urllib.parse import parse_qs, urlsplit

_PIECE: Final = 65536  # bytes


async def _answer(word: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await _one(word, reader, writer):
            pass
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def _one(word: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.decode().split("\r\n")[1:])
    }
    place = urlsplit(target)
    if place.path == "/gone":
        return False
    wishes = {name: values[0] for name, values in parse_qs(place.query).items()}
    if "upgrade" in fields:
        await _echo(word, reader, writer)
        return False
    left = received = int(fields.get("content-length", "0"))
    while left:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            return False
        left -= len(piece)
    await asyncio.sleep(float(wishes.get("wait", "0")))
    size = int(wishes["size"]) if "size" in wishes else len(word)
    keep = fields.get("connection", "").lower() != "close"
    answer = (
        f"HTTP/1.1 {wishes.get('status', '200')} Said\r\n"
        f"Content-Length: {size}\r\nX-Received: {received}\r\n"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n".encode()
    )
    if method != "HEAD":
        answer += word if "size" not in wishes else b"x" * size
    # A small answer is one write: killed at any moment, it was sent whole or not at all.
    for start in range(0, len(answer), _PIECE):
        writer.write(answer[start : start + _PIECE])
        await writer.drain()
    return keep


async def _echo(word: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    said = word
    while said:
        writer.write(head + said)
        await writer.drain()
        head, said = b"", await reader.read(_PIECE)


class _Quick(asyncio.Protocol):
    """Answers plain requests at once; a connection that wants more is given away for good."""

    def __init__(self, word: bytes) -> None:
        self._word = word
        self._plain = (
            b"HTTP/1.1 200 Said\r\nContent-Length: %d\r\nX-Received: 0\r\n"
            b"Connection: keep-alive\r\n\r\n%b" % (len(word), word)
        )
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        if (
            data.startswith(b"GET / ")
            and data.find(b"\r\n\r\n") == len(data) - 4
            and not any(word in data for word in (b"pgrade", b"lose", b"ontent-"))
        ):
            transport.write(self._plain)
            return
        reader = asyncio.StreamReader()
        slow = asyncio.StreamReaderProtocol(
            reader, lambda heard, writer: _answer(self._word, heard, writer)
        )
        transport.set_protocol(slow)
        slow.connection_made(transport)
        slow.data_received(data)


async def serve(word: str, port: int) -> None:
    """Answer on loopback until the end of this process; port 0: any."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Quick(word.encode()), "127.0.0.1", port)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
