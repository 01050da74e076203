"""The endpoint: a server of HTTP on the loopback address, for SDKs and the ``aws`` command."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from cicd.backends.endpoint import object_calls, peer
from cicd.backends.endpoint.call import Answer, Call, CallRefused, Served
from cicd.backends.endpoint.control_calls import control_call
from cicd.backends.endpoint.drives import Drives
from cicd.backends.endpoint.lambda_calls import PREFIX, answer_lambda
from cicd.backends.endpoint.target_calls import answer_target
from cicd.backends.user_name import user_name
from cicd.errors import CicdError, Unavailable
from cicd.functions.names import SYNCHRONOUS_BYTES
from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions
from cicd.pipeline.compile import Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.observe.call import Call as Control
    from cicd.ports import Services

ADDRESS: Final = "127.0.0.1"
_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
_LARGEST_BODY: Final = SYNCHRONOUS_BYTES + 65536
_LARGEST_OBJECT: Final = 2**30
_SIZE: Final = re.compile("[0-9]+")
_DIGITS: Final = 15  # of a length; what has more is too large, and Python reads no endless number
_PATIENCE: Final = 60.0  # seconds that a connection may say nothing
_GLANCE: Final = 0.5  # seconds for one that is not heard


class Endpoint:
    """A running server. Its calls work with the services of the process that started it."""

    def __init__(
        self,
        services: Services,
        port: int = 0,
        *,
        record: Callable[[Control], None] = lambda _: None,
        start: Start | None = None,
    ) -> None:
        """
        Listen on ``port`` of 127.0.0.1, on any free one if 0; raises ``Unavailable``.

        Args:
            services: What calls work with.
            port: Where.
            record: Adds what is asked for, or refused, to the audit.
            start: How pipelines that are started here are run: their runner, images, network.

        """
        from cicd.pipeline.definition import project_directory

        self._drives = Drives(services)
        served = Served(
            services=services,
            functions=Functions(services),
            drives=self._drives,
            user=user_name(),
            directory=project_directory(None, Path.cwd()),
            start=start or Start(),
        )
        # A function of a class would be bound to its objects.
        attributes = {"served": served, "record": staticmethod(record)}
        handler = type("_Handler", (_Connection,), attributes)
        try:
            self._server = _Server((ADDRESS, port), handler)
        except OSError as reason:
            raise Unavailable(
                f"port {port} of {ADDRESS} cannot be listened on: {reason.strerror}",
                hint="name another one with --port",
            ) from None
        self.url = f"http://{ADDRESS}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        self._thread.start()

    def drained(self) -> None:
        """Wait until what was started here has ended; calls are still taken."""
        self._drives.close()

    def close(self) -> None:
        """Take no more calls; safe twice."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that leaves in the middle is no news."""


class _Connection(BaseHTTPRequestHandler):
    """One connection: calls one after another."""

    served: Served
    record: Callable[[Control], None]
    protocol_version = "HTTP/1.1"
    server_version = "cicd"
    sys_version = ""
    timeout = _PATIENCE

    def setup(self) -> None:
        """Answer at once: small messages are not to wait for each other."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = peer.is_heard(self.client_address, self.connection.getsockname())

    def handle(self) -> None:
        """Take calls; of another user's program, not even the first is read."""
        # Another user could else start what runs as this one, or read what this one may, or
        # leave it no connection by keeping many waiting.
        if self._heard:
            super().handle()
            return
        self.connection.settimeout(_GLANCE)
        with suppress(OSError):
            self.connection.recv(65536)  # or an answer would not reach who is just sending
        self.command, self.requestline, self.request_version = "", "", self.protocol_version
        self.close_connection = True
        self._say(_refused("AccessDeniedException", "this is for who runs it", 403))

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""

    def _answer(self) -> None:
        call = None
        try:
            call = self._call()
            answer = self._dispatch(call)
        except FunctionRefused as refusal:
            answer = _refused(refusal.code, refusal.words, refusal.status)
        except CallRefused as refusal:
            answer = _refused(refusal.code, refusal.message, refusal.status)
        except CicdError as problem:
            answer = _refused("ServiceException", problem.message, 500)
        except OSError as reason:  # a name that no file can have; no room: asking again is no help
            answer = _refused("ServiceException", reason.strerror or str(reason), 400)
        except Exception as crash:  # noqa: BLE001 - a caller gets no traceback
            answer = _refused("InternalFailure", f"a bug in cicd: {type(crash).__name__}", 500)
        if call is not None:
            self._note(call, answer)
        self._say(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _call(self) -> Call:
        host = self.headers.get("Host", "").partition(":")[0]
        # A page in a browser could else reach us, under a name that leads here.
        if host not in _HOSTS or self.headers.get("Origin") is not None:
            self.close_connection = True
            raise CallRefused("AccessDeniedException", "this is for programs of this machine", 403)
        size = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not _SIZE.fullmatch(size):
            self.close_connection = True
            raise CallRefused("SerializationException", "a body needs its Content-Length", 411)
        objects = self.path.startswith(object_calls.PREFIX)
        if len(size) > _DIGITS or int(size) > (_LARGEST_OBJECT if objects else _LARGEST_BODY):
            self.close_connection = True
            raise CallRefused(
                "RequestTooLargeException",
                f"Request must be smaller than {SYNCHRONOUS_BYTES} bytes for the "
                "InvokeFunction operation",
                413,
            )
        parts = urlsplit(self.path)
        return Call(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(size)),
        )

    def _note(self, call: Call, answer: Answer) -> None:
        """Add what was asked for to the audit; what only looks is not."""
        served = self.served
        control = control_call(call, answer, at=served.services.clock.now(), user=served.user)
        if control is not None:
            with suppress(CicdError):  # a full disk: what was done is done, and answered
                self.record(control)

    def _dispatch(self, call: Call) -> Answer:
        if call.path.startswith(PREFIX):
            return answer_lambda(self.served, call)
        if call.path.startswith(object_calls.PREFIX):
            try:
                return object_calls.answer_objects(self.served, call)
            except CallRefused as refusal:
                return object_calls.refused_in_xml(refusal)
        if call.method == "POST" and call.path == "/":
            return answer_target(self.served, call)
        raise CallRefused(
            "UnknownOperationException", f"{call.method} {call.path} is not answered here", 404
        )


def _refused(code: str, message: str, status: int) -> Answer:
    shape = {"__type": code, "Type": "User", "message": message, "Message": message}
    return Answer(
        status=status,
        body=json.dumps(shape).encode(),
        headers={"Content-Type": "application/json", "x-amzn-ErrorType": code},
    )
