"""Heads of HTTP/1 messages: read strictly, rewritten for the next hop. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

Field: TypeAlias = tuple[bytes, bytes]

HEAD_LIMIT: Final = 64 * 1024  # bytes
HEAD_END: Final = b"\r\n\r\n"
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET: Final = re.compile(rb"[\x21-\x7e\x80-\xff]+")
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: (.*))?")
# A bare CR, a bare LF or a NUL means different things to different programs.
_LOOSE: Final = re.compile(rb"\x00|\r(?!\n)|(?<!\r)\n")
_HOP_BY_HOP: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate"),
        *(b"proxy-authorization", b"te", b"upgrade"),
    }
)
_ONE: Final = frozenset({b"content-length", b"host"})
_ONCE: Final = _ONE | {b"transfer-encoding", b"connection"}
_WORDS: Final = {
    400: b"Bad Request",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
}


class BadMessageError(Exception):
    """A message that cannot be passed on; ``status`` is what its sender is answered."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class RequestHead:
    """What a client asks."""

    method: bytes
    target: bytes
    minor: int  # of HTTP/1.minor
    fields: list[Field]
    names: dict[bytes, bytes]  # in lower case; of a repeated one, the last value

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants its connection kept."""
        return _keeps_alive(self.minor, self.names)

    @property
    def is_upgrade(self) -> bool:
        """Whether the client asks for another protocol."""
        return self.minor == 1 and b"upgrade" in self.names and b"upgrade" in _options(self.names)

    @property
    def is_idempotent(self) -> bool:
        """Whether asking twice does no harm. Source: RFC 9110, 9.2.2."""
        return self.method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE")


@dataclass(slots=True)
class ResponseHead:
    """What a backend answers."""

    status: int
    reason: bytes
    minor: int
    fields: list[Field]
    names: dict[bytes, bytes]

    @property
    def keeps_alive(self) -> bool:
        """Whether the backend keeps its connection."""
        return _keeps_alive(self.minor, self.names)


def read_request(head: bytes) -> RequestHead:
    """Read a request's head without its final empty line; raises ``BadMessageError``."""
    first, fields, names = _split(head)
    method, _, rest = first.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not _TOKEN.fullmatch(method):
        raise BadMessageError(400)
    if not _TARGET.fullmatch(target):
        raise BadMessageError(400)
    if method == b"CONNECT":
        raise BadMessageError(405)
    return RequestHead(method, target, version[-1] - 48, fields, names)


def read_response(head: bytes) -> ResponseHead:
    """Read a response's head without its final empty line; raises ``BadMessageError``."""
    first, fields, names = _split(head)
    found = _STATUS.fullmatch(first)
    if found is None:
        raise BadMessageError(502)
    return ResponseHead(int(found[2]), found[3] or b"", found[1][0] - 48, fields, names)


def _split(head: bytes) -> tuple[bytes, list[Field], dict[bytes, bytes]]:
    if _LOOSE.search(head):
        raise BadMessageError(400)
    first, *lines = head.split(b"\r\n")
    fields: list[Field] = []
    names: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        # A folded line, or a blank before the colon, is no token either.
        if not colon or not _TOKEN.fullmatch(name):
            raise BadMessageError(400)
        value = value.strip(b" \t")
        lower = name.lower()
        if lower in _ONCE and lower in names:
            # Two lengths, or hosts, are an attack; lists may be written on several lines.
            if lower in _ONE and names[lower] != value:
                raise BadMessageError(400)
            if lower not in _ONE:
                value = names[lower] + b"," + value
                fields = [each for each in fields if each[0].lower() != lower]
        fields.append((name, value))
        names[lower] = value
    return first, fields, names


def _options(names: dict[bytes, bytes]) -> set[bytes]:
    value = names.get(b"connection", b"").lower()
    return {part.strip() for part in value.split(b",")}


def _keeps_alive(minor: int, names: dict[bytes, bytes]) -> bool:
    if b"connection" not in names:
        return minor == 1
    options = _options(names)
    return b"keep-alive" in options if minor == 0 else b"close" not in options


def for_backend(request: RequestHead, client: str, port: int) -> bytes:
    """Write a request's head as the backend gets it: the next hop's, with X-Forwarded fields."""
    dropped = _dropped(request.names)
    lines = [request.method + b" " + request.target + b" HTTP/1.1"]
    forwarded = client.encode("ascii", "replace")
    for name, value in request.fields:
        lower = name.lower()
        if lower == b"x-forwarded-for":
            forwarded = value + b", " + forwarded
        elif lower not in dropped and lower not in (b"x-forwarded-proto", b"x-forwarded-port"):
            lines.append(name + b": " + value)
    if b"host" not in request.names:
        lines.append(b"Host: ")
    if request.is_upgrade:
        lines += (b"Connection: Upgrade", b"Upgrade: " + request.names[b"upgrade"])
    lines += (
        b"X-Forwarded-For: " + forwarded,
        b"X-Forwarded-Proto: http",
        b"X-Forwarded-Port: %d" % port,
    )
    if b"trailers" in request.names.get(b"te", b"").lower():
        lines += (b"TE: trailers", b"Connection: TE") if not request.is_upgrade else ()
    return b"\r\n".join(lines) + HEAD_END


def for_client(response: ResponseHead, request: RequestHead, *, close: bool, raw: bool) -> bytes:
    """
    Write a response's head as the client gets it.

    Args:
        response: What the backend said.
        request: What it answers.
        close: Whether the connection ends with this response.
        raw: Whether a chunked body is passed on as it is.

    """
    dropped = _dropped(response.names)
    lines = [b"HTTP/1.1 %d %s" % (response.status, response.reason)]
    for name, value in response.fields:
        lower = name.lower()
        if lower in dropped or (lower == b"transfer-encoding" and not raw):
            continue
        lines.append(name + b": " + value)
    if response.status == 101:
        lines += (b"Connection: Upgrade", b"Upgrade: " + response.names.get(b"upgrade", b""))
    elif response.status >= 200:
        if close:
            lines.append(b"Connection: close")
        elif request.minor == 0:
            lines.append(b"Connection: keep-alive")
    return b"\r\n".join(lines) + HEAD_END


def _dropped(names: dict[bytes, bytes]) -> frozenset[bytes] | set[bytes]:
    if b"connection" not in names:
        return _HOP_BY_HOP
    # A sender may not name away what the next hop needs to find the message's end.
    named = _options(names) - {b"content-length", b"transfer-encoding", b"host"}
    return _HOP_BY_HOP | named


def own_answer(status: int) -> bytes:
    """Write a whole response of the proxy's own; the connection ends with it."""
    words = _WORDS[status]
    body = b"%d %s\n" % (status, words)
    return (
        b"HTTP/1.1 %d %s\r\nServer: cicd\r\nContent-Type: text/plain\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, words, len(body), body)
    )
