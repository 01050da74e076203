"""One request and its response: to a backend, to another one if that dies, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.balance import MemberState
from cicd.backends.proxy.body import request_body
from cicd.backends.proxy.message import BadMessageError, for_backend, own_answer
from cicd.backends.proxy.reply import Reply
from cicd.backends.proxy.search import Search

if TYPE_CHECKING:
    from cicd.backends.proxy.balance import Member
    from cicd.backends.proxy.client import Client
    from cicd.backends.proxy.message import RequestHead
    from cicd.backends.proxy.upstream import Upstream

_REPLAYED: Final = 64 * 1024  # bytes of a request's body that are kept for another backend
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
        self._search = Search()
        self._member: Member | None = None
        self._upstream: Upstream | None = None
        self._reply = Reply(request)
        self._ends = 0  # of a tunnel: who has said that it sends no more
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
        if self._reply.tunnel:
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
        if self._reply.tunnel:
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
            head = self._reply.head
            self._finish(head.status if self._reply.tunnel and head is not None else _GONE)

    # ── Backends ──────────────────────────────────────────────────────────────────────────────

    def _try(self) -> None:
        """Send it to who is next; where nobody is left, look again in a moment."""
        worker = self.client.worker
        member = self._search.choose(worker.table, self.client.route)
        if member is None:
            status = self._search.given_up(worker.loop.time())
            if status is not None:
                self._fail(status)
            else:
                worker.loop.call_later(_PAUSE, self._look)
            return
        self._member = member
        member.begin()
        upstream = worker.pool.take(member.endpoint)
        if upstream is not None:
            self._use(upstream)
        else:
            worker.spawn(self._connect(member))

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
        self._search.sends += 1
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
        self._search.failed(self._member)
        self._leave()
        self._reply.forget()
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
        if self._member is not None and not self._reply.begun:
            self._member.doubt()
        if self._reply.ends_with_connection:
            self._complete()
        elif self._reply.begun or self._search.is_over:
            self._break(502)
        elif self._kept is not None and self.request.is_idempotent:
            self._again()
        else:
            self._fail(502)

    def timed_out(self) -> None:
        """The backend took too long."""
        self._break(504)

    # ── The response ──────────────────────────────────────────────────────────────────────────

    def response_data(self, data: bytes) -> None:
        """Pass on what a backend says."""
        self.active_at = self.client.worker.loop.time()
        reply = self._reply
        try:
            said = reply.feed(data, asked=self._body.done)
        except BadMessageError:
            self._break(502)
            return
        if said:
            self._sent += len(said)
            self.client.transport.write(said)
        if reply.tunnel and self._upstream is not None and (early := self.client.taken()):
            self._upstream.transport.write(early)
        if reply.done:
            self._complete()

    def response_eof(self) -> bool:
        """Tell whether the backend's connection is still wanted after its last byte."""
        if not self._reply.tunnel or self.client.transport.is_closing():
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

    def _complete(self) -> None:
        reply, upstream = self._reply, self._upstream
        assert reply.head is not None
        kept = (
            reply.head.keeps_alive
            and self._body.done
            and not (reply.surplus or reply.ends_with_connection)
        )
        if kept and upstream is not None and not upstream.transport.is_closing():
            self._upstream = None
            self.client.worker.pool.give_back(upstream)
        self._finish(reply.head.status)
        self.client.done(close=reply.close or reply.tunnel)

    def _break(self, status: int) -> None:
        """End it without a whole answer: the client must see that something is missing."""
        if self._reply.begun:
            self._finish(status)
            self.client.transport.abort()
        else:
            self._fail(status)

    def _fail(self, status: int) -> None:
        self._finish(status)
        if not self.client.transport.is_closing():
            self.client.exchange = None
            self.client.end(own_answer(status))

    def _finish(self, status: int) -> None:
        self._over = True
        member, group = self._member, self._search.group
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
