"""What a backend answers, as the client is to have it: its head, its body, or a tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.backends.proxy.body import ChunkedBody, EndlessBody, response_body
from cicd.backends.proxy.message import (
    HEAD_END,
    HEAD_LIMIT,
    BadMessageError,
    for_client,
    read_response,
)

if TYPE_CHECKING:
    from cicd.backends.proxy.body import Body
    from cicd.backends.proxy.message import RequestHead, ResponseHead


class Reply:
    """The answer to one request; it is fed with what the backend says."""

    __slots__ = (
        *("begun", "close", "done", "head", "surplus", "tunnel"),
        *("_body", "_decoded", "_heard", "_request"),
    )

    def __init__(self, request: RequestHead) -> None:
        """Have heard nothing."""
        self.head: ResponseHead | None = None
        self.begun = False  # the client has had something of it
        self.tunnel = False  # from now on both ends say what they want
        self.done = False
        self.surplus = False  # the backend said more than its answer
        self.close = not request.keeps_alive  # the client's connection, afterwards
        self._request = request
        self._heard = b""  # while the head is not whole
        self._body: Body | None = None
        self._decoded = False  # chunks, for a client that does not know them

    @property
    def ends_with_connection(self) -> bool:
        """Whether the backend ends its answer by hanging up."""
        return self.tunnel or isinstance(self._body, EndlessBody)

    def forget(self) -> None:
        """Begin anew, with another backend; only before it is ``begun``."""
        self._heard = b""

    def feed(self, data: bytes, *, asked: bool) -> bytes:
        """
        Give what the client is to have; ``asked`` tells whether the request was sent whole.

        Raises ``BadMessageError`` for what is no answer.
        """
        if self._body is not None:
            return self._pass_on(self._body, data)
        if self.tunnel:
            return data
        said = b""
        self._heard += data
        while self.head is None:
            cut = self._heard.find(HEAD_END)
            if cut < 0:
                if len(self._heard) > HEAD_LIMIT:
                    raise BadMessageError(502)
                return said
            response = read_response(self._heard[:cut])
            self._heard = self._heard[cut + len(HEAD_END) :]
            if response.status < 200 and response.status != 101:
                if self._request.minor == 1:
                    self.begun = True
                    said += for_client(response, self._request, close=False, raw=True)
                continue
            said += self._begin(response, asked=asked)
        rest, self._heard = self._heard, b""
        if self._body is None:
            return said + rest
        if rest or self._body.done:
            said += self._pass_on(self._body, rest)
        return said

    def _begin(self, response: ResponseHead, *, asked: bool) -> bytes:
        self.tunnel = response.status == 101 and self._request.is_upgrade
        if response.status == 101 and not self.tunnel:
            raise BadMessageError(502)
        body = response_body(response, self._request)
        self._decoded = isinstance(body, ChunkedBody) and self._request.minor == 0
        # What is not all sent yet would be taken for the next request.
        self.close |= isinstance(body, EndlessBody) or not asked or self._decoded
        self.begun, self.head = True, response
        self._body = None if self.tunnel else body
        return for_client(response, self._request, close=self.close, raw=not self._decoded)

    def _pass_on(self, body: Body, data: bytes) -> bytes:
        count = body.feed(data) if data and not body.done else 0
        if body.done:
            self.done, self.surplus = True, count < len(data)
        if self._decoded:
            assert isinstance(body, ChunkedBody)
            said = b"".join(body.payload)
            body.payload.clear()
            return said
        return data if count == len(data) else data[:count]
