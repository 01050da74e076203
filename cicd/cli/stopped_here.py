"""A stop that was asked for by Ctrl-C, as the control call that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.event import JSON, Event
    from cicd.ports import Described, LogBlock, LogLine

REASON: Final = "Ctrl-C"
_STOPS: Final = {
    "pipeline": ("pipeline stop", "pipelineExecutionId"),
    "deployment": ("deploy stop", "deploymentId"),
    "build": ("builds stop", "id"),
    "build-batch": ("batches stop", "id"),
}


class StoppedHere:
    """
    A ``Reporter`` that records, once, that what this invocation runs was stopped by its user.

    What an execution began is stopped with it, and is no call of anybody's.
    """

    def __init__(
        self,
        was_asked: Callable[[], bool],
        record: Callable[[str, Mapping[str, JSON]], None],
    ) -> None:
        """Take whether Ctrl-C was pressed here, and what records a command with parameters."""
        self._was_asked, self._record = was_asked, record
        self._stream = ""
        self._written = False

    def event(self, stream: str, event: Event, said: Described) -> None:
        """See ``Reporter``."""
        del said
        self._stream = self._stream or stream
        stops = event.kind is EventKind.SIGNALLED and event.data.get("signal") == "stop"
        if not stops or self._written or stream != self._stream or not self._was_asked():
            return
        kind, _, identity = stream.partition("/")
        if kind in _STOPS:
            self._written = True
            command, name = _STOPS[kind]
            reason = {"reason": REASON} if kind == "pipeline" else {}
            self._record(command, {name: identity, **reason})

    def line(self, stream: str, line: LogLine) -> None:
        """See ``Reporter``."""

    def block(self, stream: str, block: LogBlock) -> None:
        """See ``Reporter``."""
