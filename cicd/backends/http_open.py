"""One request to a server that nobody vouches for: http and https alone, and within a time."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import IO, TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from cicd.document.position import printable
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from http.client import HTTPResponse

    from cicd.ports import HttpCall

_WORDS = 200  # characters of a reason, some of which the server may have written


class Within:
    """
    The time that a request may take as a whole.

    The timeout of a socket begins anew with every byte, so that a server which sends one now and
    then would be waited for without end. Here its connections are cut when the time is over.
    """

    def __init__(self, seconds: float) -> None:
        """Begin to count."""
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._over = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def enough(self) -> None:
        """Count no further: what comes now may take its time."""
        self._timer.cancel()
        with self._lock:
            held, self._held = self._held, []
        for each in held:
            each.close()

    @property
    def over(self) -> bool:
        """Whether it took too long."""
        return self._over

    def connect(self, *arguments: Any) -> socket.socket:  # as socket's own
        """Do what ``socket.create_connection`` does."""
        made = socket.create_connection(*arguments)
        with self._lock:
            if self._over:
                made.close()
                raise TimeoutError
            self._held.append(made.dup())  # TLS takes the socket itself away
        return made

    def _cut(self) -> None:
        with self._lock:
            self._over = True
            for each in self._held:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


@contextmanager
def answer_to(call: HttpCall) -> Iterator[tuple[HTTPResponse | HTTPError, Within]]:
    """
    Ask, and give the answer, its body still to be read, and the time that all of it may take.

    Raises:
        Unavailable: There is no answer in time, or none that is one; with the reason alone.

    """
    within = Within(call.timeout)
    try:
        with _opened(call, within) as answer:
            yield answer, within
        if within.over:  # a body that was cut looks like one that ended
            raise TimeoutError
    except (OSError, HTTPException, ValueError, OverflowError) as problem:
        raise Unavailable(_reason(problem, within, call)) from None
    finally:
        within.enough()


def _opened(call: HttpCall, within: Within) -> HTTPResponse | HTTPError:
    url, login = _without_login(call.url)
    request = Request(  # noqa: S310  # nothing else is opened here
        url, data=call.body, headers={**login, **call.headers}, method=call.method
    )
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        UnknownHandler(),
        _Plain(within),
        _Secure(within),
        HTTPDefaultErrorHandler(),
        _Redirects(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    try:
        answer: HTTPResponse = opener.open(request, timeout=call.timeout)
    except HTTPError as answered:
        return answered
    return answer


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """Give a URL without the name and password that it may hold, and these as a header."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    proof = b64encode(unquote(login).encode()).decode()
    return parts._replace(netloc=place).geturl(), {"Authorization": f"Basic {proof}"}


def _reason(problem: Exception, within: Within, call: HttpCall) -> str:
    if within.over or isinstance(problem, TimeoutError):
        return f"nothing whole within {call.timeout} seconds"
    reason = problem.reason if isinstance(problem, URLError) else problem
    if isinstance(reason, TimeoutError):
        return f"nothing whole within {call.timeout} seconds"
    words = printable(" ".join(str(reason).split()))
    return words[:_WORDS] or type(problem).__name__


class _Plain(HTTPHandler):
    def __init__(self, within: Within) -> None:
        super().__init__()
        self._made = partial(_watched, HTTPConnection, within)

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._made, req)


class _Secure(HTTPSHandler):
    def __init__(self, within: Within) -> None:
        super().__init__()
        self._made = partial(_watched, HTTPSConnection, within)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._made, req)


def _watched(
    kind: type[HTTPConnection],
    within: Within,
    host: str,
    **more: Any,
) -> HTTPConnection:
    made = kind(host, **more)
    made._create_connection = within.connect  # type: ignore[attr-defined]  # noqa: SLF001
    return made


class _Redirects(HTTPRedirectHandler):
    """What was told to one server, such as a password, is not told to another."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        new = super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
        if new is not None and _origin(new.full_url) != _origin(req.full_url):
            new.headers.clear()
        return new


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
