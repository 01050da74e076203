"""What became of an invocation, in Lambda's words: payload, error, lines of its log. Pure."""

from __future__ import annotations

import json
import math
import signal
from typing import TYPE_CHECKING, Final

from cicd.backends.functions.instance import End
from cicd.functions.names import SYNCHRONOUS_BYTES
from cicd.ports import FunctionAnswer

if TYPE_CHECKING:
    from cicd.backends.functions.instance import Exchange
    from cicd.ports import FunctionCall

UNHANDLED: Final = "Unhandled"
_LARGEST_ANSWER: Final = SYNCHRONOUS_BYTES + 100


def answer(
    call: FunctionCall, exchange: Exchange, *, memory: float, init: float | None, moment: str
) -> FunctionAnswer:
    """
    Give the answer of an invocation.

    Args:
        call: What was asked.
        exchange: What the instance said.
        memory: MB that it used at most.
        init: Seconds that loading the handler took, when this call had to wait for it.
        moment: When, for the log.

    """
    payload, error = exchange.payload, ""
    lines = [f"START RequestId: {call.request_id} Version: {call.version}"]
    lines += exchange.printed.splitlines()
    match exchange.end:
        case End.TIMED_OUT:
            said = f"Task timed out after {call.timeout:.2f} seconds"
            lines.append(f"{moment} {call.request_id} {said}\n")
            payload, error = _told(call, "Sandbox.Timedout", f"Error: {said}"), UNHANDLED
        case End.OUT_OF_MEMORY:
            memory = float(call.memory_size)
            payload, error = _exited(call, "signal: killed", lines), UNHANDLED
        case End.EXITED:
            payload, error = _exited(call, _end_of(exchange.exit_status), lines), UNHANDLED
        case End.ANSWERED if not (exchange.head.get("ok") or exchange.head.get("ready")):
            error = UNHANDLED
            if "ready" in exchange.head:
                lines.append(_init_words(payload))
        case End.ANSWERED if len(payload) > _LARGEST_ANSWER:
            said = (
                f"Response payload size exceeded maximum allowed payload size "
                f"({SYNCHRONOUS_BYTES} bytes)."
            )
            shape = {"errorMessage": said, "errorType": "Function.ResponseSizeTooLarge"}
            payload, error = json.dumps(shape).encode(), UNHANDLED
    lines.append(f"END RequestId: {call.request_id}")
    lines.append(_report(call, exchange.seconds, memory, init))
    said = "\n".join(lines) + "\n"
    return FunctionAnswer(payload=payload, error=error, log=said, seconds=exchange.seconds)


def _end_of(status: int | None) -> str:
    """Say how a process ended: its status, or what a signal is called."""
    if status is not None and status < 0:
        return f"signal: {signal.strsignal(-status) or -status}".lower()
    return f"exit status {status if status is not None else 1}"


def _told(call: FunctionCall, kind: str, words: str) -> bytes:
    shape = {"errorType": kind, "errorMessage": f"RequestId: {call.request_id} {words}"}
    return json.dumps(shape).encode()


def _exited(call: FunctionCall, how: str, lines: list[str]) -> bytes:
    words = f"Error: Runtime exited with error: {how}"
    lines.append(f"RequestId: {call.request_id} {words}")
    lines.append("Runtime.ExitError")
    return _told(call, "Runtime.ExitError", words)


def _init_words(payload: bytes) -> str:
    match json.loads(payload):
        case {"errorType": kind, "errorMessage": message}:
            return f"[ERROR] {kind}: {message}"
    return "[ERROR]"


def _report(call: FunctionCall, seconds: float, memory: float, init: float | None) -> str:
    milliseconds = seconds * 1000
    billed = math.ceil(milliseconds + (init or 0) * 1000)
    words = [
        f"REPORT RequestId: {call.request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {max(1, billed)} ms",
        f"Memory Size: {call.memory_size} MB",
        f"Max Memory Used: {math.ceil(memory)} MB",
    ]
    if init is not None:
        words.append(f"Init Duration: {init * 1000:.2f} ms")
    return "\t".join(words)
