"""One request and its response: to a backend, to another one if that dies, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.balance import MemberState
from cicd.backends.proxy.body import ChunkedBody, EndlessBody, request_body, response_body
from cicd.backends.proxy.message import (
    HEAD_END,
    HEAD_LIMIT,
    BadMessageError,
    for_backend,
    for_client,
    own_answer,
    read_response,
)

if TYPE_CHECKING:
    from cicd.backends.proxy.balance import Group, Member
    from cicd.backends.proxy.body import Body
    from cicd.backends.proxy.client import Client
    from cicd.backends.proxy.message import RequestHead, ResponseHead
    from cicd.backends.proxy.upstream import Upstream
    from cicd.ports import Endpoint

_REPLAYED: Final = 64 * 1024  # bytes of a request's body that are kept for another backend
_SENDS: Final = 4  # a request is sent to that many backends at most
_PATIENCE: Final = 1.0  # seconds that a request waits for somebody who can take it
_PAUSE: Final = 0.02  # seconds between two looks for somebody
_BOTH: Final = 2  # ends of a tunnel
_GONE: Final = 460  # the client closed before it was answered. Source: ELB guide, "HTTP 460"


class Exchange:
    """One request on its way; raises ``BadMessageError`` for one whose end is in doubt."""

    def __init__(self, client: Client, request: RequestHead) -> None:
        self.client = client
        self.request = request
        self.began = client.worker.loop.time()
        self.active_at = self.began
        self._body = request_body(request)
        self._kept: bytearray | None = bytearray()  # None: too much was sent to send it again
        self._group: Group | None = None
        self._member: Member | None = None
        self._upstream: Upstream | None = None
        self._tried: set[Endpoint] = set()
        self._sends = 0
        self._alone_since: float | None = None  # everybody had been tried
        self._answer = b""  # of the backend, while its head is not whole
        self._response: ResponseHead | None = None
        self._response_body: Body | None = None
        self._spoken = False  # the client has had something of a response
        self._tunnel = False
        self._ends = 0  # of a tunnel: who has said that it sends no more
        self._close = not request.keeps_alive
        self._sent = 0  # bytes to the client
        self._over = False

    # ── The request ───────────────────────────────────────────────────────────────────────────

    def begin(self, rest: bytes) -> bytes:
        """Choose a backend and send; gives back what belongs to the next request."""
        left = self.request_data(rest) if rest else b""
        if not self._over:
            self._try()
        return left

    def request_data(self, data: bytes) -> bytes:
        """Pass on what belongs to this request, and give back the rest."""
        self.active_at = self.client.active_at
        if self._tunnel:
            if self._upstream is not None:
                self._upstream.transport.write(data)
            return b""
        if self._body.done:
            return data
        try:
            count = self._body.feed(data)
        except BadMessageError as bad:
            self._fail(bad.status)
            return b""
        part = data[:count]
        if self._kept is not None:
            self._kept += part
        if self._upstream is not None:
            self._upstream.transport.write(part)
            if self._kept is not None and len(self._kept) > _REPLAYED:
                self._kept = None
        elif self._kept is not None and len(self._kept) > _REPLAYED:
            self.client.hold("connecting")
        return data[count:]

    def request_eof(self) -> bool:
        """Tell whether the connection is still wanted after the client's last byte."""
        if self._tunnel:
            if self._upstream is not None and self._upstream.transport.can_write_eof():
                self._upstream.transport.write_eof()
            self._ends += 1
            if self._ends == _BOTH:
                self._complete()
            return not self._over
        return self._body.done

    def client_lost(self) -> None:
        """Nobody waits for an answer any more."""
        if not self._over:
            self._finish(self._response.status if self._tunnel and self._response else _GONE)

    # ── Backends ──────────────────────────────────────────────────────────────────────────────

    def _try(self) -> None:
        waits = self._alone_since is not None
        found = self.client.worker.table.choose(
            self.client.route,
            () if waits else self._tried,
            self._group,
            open_to_all=not waits,
        )
        if found is None:
            self._wait()
            return
        self._group, member = found
        self._member = member
        member.begin()
        upstream = self.client.worker.pool.take(member.endpoint)
        if upstream is not None:
            self._use(upstream)
        else:
            self.client.worker.spawn(self._connect(member))

    def _wait(self) -> None:
        """
        Look again in a moment, and for a second at most, as nobody is left who can take it.

        A version that dies has had its weight: until the deployment gives it to the other one,
        the request is better held than failed.
        """
        loop = self.client.worker.loop
        if not self._tried:
            self._fail(503)
            return
        if self._alone_since is None:
            self._alone_since = loop.time()
        if loop.time() >= self._alone_since + _PATIENCE or self._sends >= _SENDS:
            self._fail(502)
            return
        loop.call_later(_PAUSE, self._look)

    def _look(self) -> None:
        if not self._over:
            self._try()

    async def _connect(self, member: Member) -> None:
        try:
            upstream = await self.client.worker.pool.connect(member.endpoint)
        except OSError:
            if member.state is MemberState.HEALTHY:
                member.state = MemberState.UNHEALTHY
            if not self._over and self._member is member:
                self._again()
            return
        if self._over or self._member is not member:
            upstream.transport.abort()
            return
        self._use(upstream)

    def _use(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._sends += 1
        upstream.exchange = self
        head = for_backend(self.request, self.client.address, self.client.port)
        assert self._kept is not None
        upstream.transport.write(head + self._kept if self._kept else head)
        upstream.acknowledge_at_once()
        if len(self._kept) > _REPLAYED:
            self._kept = None
        self.client.release("connecting")

    def is_at(self, member: Member) -> bool:
        """Tell whether that member has it."""
        return self._member is member

    def _again(self) -> None:
        """Leave a backend that gave no answer, and try another one."""
        assert self._member is not None
        self._tried.add(self._member.endpoint)
        self._leave()
        self._answer = b""
        self._try()

    def _leave(self) -> None:
        if self._upstream is not None:
            self._upstream.exchange = None
            self._upstream.transport.abort()
            self._upstream = None
        if self._member is not None:
            self._member.end()
            self._member = None

    def upstream_lost(self, upstream: Upstream) -> None:
        """A backend closed its connection."""
        if upstream is not self._upstream or self._over:
            return
        if self._member is not None and not self._spoken:
            self._member.doubt()
        if self._tunnel or isinstance(self._response_body, EndlessBody):
            self._complete()
        elif self._spoken:
            # The client must see that something is missing.
            self._finish(502)
            self.client.transport.abort()
        elif self._sends >= _SENDS:
            self._fail(502)
        elif self._kept is not None and self.request.is_idempotent:
            self._again()
        else:
            self._fail(502)

    def timed_out(self) -> None:
        """The backend took too long."""
        if self._spoken:
            self._finish(504)
            self.client.transport.abort()
        else:
            self._fail(504)

    # ── The response ──────────────────────────────────────────────────────────────────────────

    def response_data(self, data: bytes) -> None:
        """Pass on what a backend says."""
        self.active_at = self.client.worker.loop.time()
        try:
            while data and not self._over:
                if self._tunnel:
                    self._write(data)
                    return
                if self._response_body is None:
                    data = self._head(data)
                else:
                    data = self._pass_on(self._response_body, data)
        except BadMessageError:
            if self._spoken:
                self._finish(502)
                self.client.transport.abort()
            else:
                self._fail(502)

    def _head(self, data: bytes) -> bytes:
        self._answer += data
        cut = self._answer.find(HEAD_END)
        if cut < 0:
            if len(self._answer) > HEAD_LIMIT:
                raise BadMessageError(502)
            return b""
        response = read_response(self._answer[:cut])
        rest, self._answer = self._answer[cut + len(HEAD_END) :], b""
        if response.status < 200 and response.status != 101:
            if self.request.minor == 1:
                self._spoken = True
                self._write(for_client(response, self.request, close=False, raw=True))
            return rest
        self._response = response
        self._tunnel = response.status == 101 and self.request.is_upgrade
        if response.status == 101 and not self._tunnel:
            raise BadMessageError(502)
        body = response_body(response, self.request)
        # What is not all sent yet would be taken for the next request.
        self._close |= isinstance(body, EndlessBody) or not self._body.done
        decoded = isinstance(body, ChunkedBody) and self.request.minor == 0
        self._close |= decoded
        self._spoken = True
        head = for_client(response, self.request, close=self._close, raw=not decoded)
        if self._tunnel:
            self._write(head + rest)
            return b""
        self._response_body = body
        if rest and not decoded and not body.done:
            count = body.feed(rest)
            head, rest = head + rest[:count], rest[count:]
        self._write(head)
        if body.done:
            self._complete(surplus=bool(rest))
            return b""
        return rest

    def _pass_on(self, body: Body, data: bytes) -> bytes:
        count = body.feed(data)
        if isinstance(body, ChunkedBody) and self.request.minor == 0:
            self._write(b"".join(body.payload))
            body.payload.clear()
        else:
            self._write(data if count == len(data) else data[:count])
        if body.done:
            self._complete(surplus=count < len(data))
            return b""
        return data[count:]

    def _write(self, data: bytes) -> None:
        self._sent += len(data)
        self.client.transport.write(data)

    def response_eof(self) -> bool:
        """Tell whether the backend's connection is still wanted after its last byte."""
        if not self._tunnel or self.client.transport.is_closing():
            return False
        self._ends += 1
        if self._ends < _BOTH:
            self.client.transport.write_eof()
        return self._ends < _BOTH

    def hold_response(self) -> None:
        """The client is slow."""
        if self._upstream is not None:
            self._upstream.transport.pause_reading()

    def release_response(self) -> None:
        """The client has caught up."""
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.resume_reading()

    # ── The end ───────────────────────────────────────────────────────────────────────────────

    def _complete(self, *, surplus: bool = False) -> None:
        response, upstream = self._response, self._upstream
        assert response is not None
        kept = (
            response.keeps_alive
            and self._body.done
            and not (surplus or self._tunnel or isinstance(self._response_body, EndlessBody))
        )
        if kept and upstream is not None and not upstream.transport.is_closing():
            self._upstream = None
            self.client.worker.pool.give_back(upstream)
        self._finish(response.status)
        self.client.done(close=self._close or self._tunnel)

    def _fail(self, status: int) -> None:
        self._finish(status)
        if not self.client.transport.is_closing():
            self.client.exchange = None
            self.client.end(own_answer(status))

    def _finish(self, status: int) -> None:
        self._over = True
        member, group = self._member, self._group
        self._leave()
        if member is not None:
            member.answered(status)
        self.client.worker.note(
            route=self.client.route,
            group="" if group is None else group.name,
            endpoint="" if member is None else str(member.endpoint),
            method=self.request.method,
            target=self.request.target,
            status=status,
            began=self.began,
            sent=self._sent,
        )
