"""Bodies of HTTP/1 messages: where one ends, told while it passes. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from cicd.backends.proxy.message import BadMessageError

if TYPE_CHECKING:
    from cicd.backends.proxy.message import RequestHead, ResponseHead

_LINE_LIMIT: Final = 16 * 1024  # bytes: a chunk's size with extensions, or a trailer
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")


class Body(Protocol):
    """A body that passes by."""

    done: bool

    def feed(self, data: bytes) -> int:
        """Say how many of these bytes belong to it; raises ``BadMessageError``."""


class LengthBody:
    """A body of a known length; none at all is one of length 0."""

    def __init__(self, length: int) -> None:
        """Take the bytes to come."""
        self._left = length
        self.done = length == 0

    def feed(self, data: bytes) -> int:
        """Say how many of these bytes belong to it."""
        step = min(self._left, len(data))
        self._left -= step
        self.done = self._left == 0
        return step


class EndlessBody:
    """A body that ends with its connection."""

    done = False

    def feed(self, data: bytes) -> int:
        """All that comes belongs to it."""
        return len(data)


class ChunkedBody:
    """A body in chunks, with its trailers; ``payload`` gathers what is in the chunks."""

    def __init__(self, *, decode: bool = False) -> None:
        """With ``decode`` the payload is kept, for whoever takes it away."""
        self.done = False
        self.payload: list[bytes] = []
        self._decode = decode
        self._left = 0  # bytes of this chunk
        self._line = b""
        self._expect = "size"

    def feed(self, data: bytes) -> int:
        """Say how many of these bytes belong to it; raises ``BadMessageError``."""
        position, end = 0, len(data)
        while position < end and not self.done:
            if self._left:
                step = min(self._left, end - position)
                if self._decode:
                    self.payload.append(data[position : position + step])
                self._left -= step
                position += step
                continue
            cut = data.find(b"\n", position)
            self._line += data[position:] if cut < 0 else data[position : cut + 1]
            if len(self._line) > _LINE_LIMIT:
                raise BadMessageError(400)
            if cut < 0:
                return end
            line, self._line, position = self._line, b"", cut + 1
            self._next(line)
        return position

    def _next(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise BadMessageError(400)
        match self._expect:
            case "size":
                size = line[:-2].partition(b";")[0].rstrip(b" \t")
                if not _SIZE.fullmatch(size):
                    raise BadMessageError(400)
                self._left = int(size, 16)
                self._expect = "gap" if self._left else "trailer"
            case "gap":
                if line != b"\r\n":
                    raise BadMessageError(400)
                self._expect = "size"
            case _:
                self.done = line == b"\r\n"


def request_body(request: RequestHead) -> Body:
    """Give the body of a request; raises ``BadMessageError`` where its end is in doubt."""
    coding = request.names.get(b"transfer-encoding")
    length = request.names.get(b"content-length")
    if coding is not None:
        if coding.lower() != b"chunked":
            raise BadMessageError(501)
        # Both, or chunks in HTTP/1.0: one hop may see another end than the next.
        if length is not None or request.minor == 0:
            raise BadMessageError(400)
        return ChunkedBody()
    if length is None:
        return LengthBody(0)
    if not _LENGTH.fullmatch(length):
        raise BadMessageError(400)
    return LengthBody(int(length))


def response_body(response: ResponseHead, request: RequestHead) -> Body:
    """Give the body of a response; raises ``BadMessageError``. Source: RFC 9112, 6.3."""
    if request.method == b"HEAD" or response.status in (204, 304) or response.status < 200:
        return LengthBody(0)
    coding = response.names.get(b"transfer-encoding")
    length = response.names.get(b"content-length")
    if coding is not None:
        if coding.lower() != b"chunked" or length is not None:
            raise BadMessageError(502)
        return ChunkedBody(decode=request.minor == 0)
    if length is None:
        return EndlessBody()
    if not _LENGTH.fullmatch(length):
        raise BadMessageError(502)
    return LengthBody(int(length))
