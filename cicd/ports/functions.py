"""The seam to whatever runs functions: a handler, invoked with an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """One invocation of one version of a function."""

    function_name: str
    version: str  # "1", or "$LATEST"
    invoked_arn: str  # with the qualifier that was asked for
    identity: str  # calls of one identity may share an instance, one after another
    code: str  # digest of the zip in the artifact store
    runtime: str  # "python3.11", "nodejs20.x"
    handler: str
    environment: Mapping[str, str]
    timeout: int  # seconds
    memory_size: int  # MB
    runner: str  # "host", "sandbox", "docker"
    image: str = ""  # of a container; "": the one that stands for the runtime
    request_id: str
    payload: bytes  # JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAnswer:
    """What came of an invocation. ``error`` is "" or "Unhandled"; ``payload`` is JSON."""

    payload: bytes
    error: str = ""
    log: str = ""  # START, what the handler printed, END, REPORT
    seconds: float = 0.0  # that the handler took


class FunctionHost(Protocol):
    """Runs versions of functions, keeping instances warm between their invocations."""

    def invoke(self, call: FunctionCall) -> FunctionAnswer:
        """Invoke, and return when it is over, well or not; at the latest after the timeout.
        Raises ``Unavailable`` when this machine has no such runtime."""

    def close(self) -> None:
        """End every instance; safe twice."""
