"""
What runs a Python handler: `python runtime_python.py CHANNEL`, in a process of its own.

Stands alone, since the function's Python is not ours: it imports nothing of `cicd`.
The channel is a socket, by its descriptor or its path. Each message on it is a line of JSON, and
as many bytes as it says.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Context:
    """What a handler is given beside its event. Source: Lambda, "Python context object"."""

    def __init__(self, head: dict[str, Any]) -> None:
        """Take the head of the message that asks for the invocation."""
        environment = os.environ
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = head["arn"]
        self.aws_request_id = head["requestId"]
        self.identity = None
        self.client_context = None
        self._deadline = head["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds until the timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))


class _Records(logging.Handler):
    """Lines of the standard library's logging, as Lambda's runtime writes them."""

    request = ""

    def emit(self, record: logging.LogRecord) -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said = self.format(record)
        line = f"[{record.levelname}]\t{moment}.{int(record.msecs):03d}Z\t{self.request}\t{said}"
        sys.stdout.write(line + "\n")


def main() -> None:
    """Load the handler, and answer invocations until the socket ends."""
    channel = _channel(sys.argv[1])
    threading.Thread(target=_end_with, args=(channel,), daemon=True).start()
    root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[0] = root
    os.environ["PATH"] = f"{root}/bin{os.pathsep}{os.environ.get('PATH', '')}"
    records = _Records()
    logging.getLogger().addHandler(records)
    try:
        handler = _load(os.environ["_HANDLER"])
    except _Unloadable as reason:
        _send(channel, {"ready": False}, json.dumps(reason.shape).encode())
        return
    except BaseException as crash:  # noqa: BLE001 - whatever a module does when it is imported
        _send(channel, {"ready": False}, json.dumps(_shape(crash, "")).encode())
        return
    _send(channel, {"ready": True}, b"")
    reader = channel.makefile("rb")
    for line in reader:
        head = json.loads(line)
        records.request = head["requestId"]
        ok, payload = _invoke(handler, reader.read(head["size"]), Context(head))
        sys.stdout.flush()
        sys.stderr.flush()
        _send(channel, {"ok": ok}, payload)


def _channel(place: str) -> socket.socket:
    if place.isdecimal():
        return socket.socket(fileno=int(place))
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.connect(place)
    return channel


def _end_with(channel: socket.socket) -> None:
    """End this process, with all that the handler began, when who asks has died meanwhile."""
    waiting = select.poll()
    waiting.register(channel, 0)  # hears of the other end's end alone
    waiting.poll()
    os.kill(0, signal.SIGKILL)


class _Unloadable(Exception):
    """The handler is not where it is said to be."""

    def __init__(self, kind: str, message: str, trace: list[str]) -> None:
        super().__init__(message)
        self.shape = {
            "errorMessage": message,
            "errorType": kind,
            "requestId": "",
            "stackTrace": trace,
        }


def _load(name: str) -> Callable[[Any, Context], Any]:
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        raise _Unloadable(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
            [],
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as reason:
        message = f"Unable to import module '{module_name}': {reason}"
        raise _Unloadable("Runtime.ImportModuleError", message, []) from None
    except SyntaxError as reason:
        message = f"Syntax error in module '{module_name}': {reason}"
        where = [f'  File "{reason.filename}" Line {reason.lineno}\n    {reason.text}']
        raise _Unloadable("Runtime.UserCodeSyntaxError", message, where) from None
    handler = getattr(module, attribute, None)
    if not callable(handler):
        message = f"Handler '{attribute}' missing on module '{module_name}'"
        raise _Unloadable("Runtime.HandlerNotFound", message, [])
    return handler  # type: ignore[no-any-return]


def _invoke(
    handler: Callable[[Any, Context], Any], payload: bytes, context: Context
) -> tuple[bool, bytes]:
    try:
        answer = handler(json.loads(payload), context)
    except Exception as crash:  # noqa: BLE001 - it is the function's own, and told as it is
        shape = _shape(crash, context.aws_request_id)
        trace = "".join(shape["stackTrace"])
        sys.stdout.write(
            f"[ERROR] {shape['errorType']}: {shape['errorMessage']}\n"
            f"Traceback (most recent call last):\n{trace}"
        )
        return False, json.dumps(shape).encode()
    try:
        return True, json.dumps(answer, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as crash:
        shape = {
            "errorMessage": f"Unable to marshal response: {crash}",
            "errorType": "Runtime.MarshalError",
            "requestId": context.aws_request_id,
            "stackTrace": [],
        }
        return False, json.dumps(shape).encode()


def _shape(crash: BaseException, request: str) -> dict[str, Any]:
    frames = traceback.extract_tb(crash.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    return {
        "errorMessage": str(crash),
        "errorType": type(crash).__name__,
        "requestId": request,
        "stackTrace": traceback.format_list(own),
    }


def _send(channel: socket.socket, head: dict[str, Any], payload: bytes) -> None:
    line = json.dumps({**head, "size": len(payload)}).encode()
    channel.sendall(line + b"\n" + payload)


if __name__ == "__main__":
    main()
