"""One instance of a function: it answers one invocation after another."""

from __future__ import annotations

import json
import os
import selectors
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    import socket

    from cicd.ports import FunctionCall

_LOOK: Final = 0.05  # seconds between two looks at the memory
_BLOCK: Final = 65536
_BLOCKS: Final = 16  # that are read at once of what is printed
_KEPT: Final = 8 << 20  # bytes that are kept of what one invocation prints
_HEAD: Final = 65536  # bytes of a message's first line
_PAYLOAD: Final = 2**28  # bytes of a payload; what is beyond 6 MB of them is told as too large
INIT_SECONDS: Final = 10.0  # what loading the handler may take. Source: Lambda, "Init phase"


class End(StrEnum):
    """How an exchange with an instance ended."""

    ANSWERED = "ANSWERED"
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    EXITED = "EXITED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What an instance said: the head of its message, the payload, and what it printed."""

    end: End
    head: Mapping[str, object]
    payload: bytes
    printed: str
    seconds: float
    exit_status: int | None = None


class Printed:
    """What a handler prints in one invocation: its beginning, and how much more it was."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept = bytearray()
        self._more = 0  # bytes

    def add(self, block: bytes) -> None:
        """Take the next bytes."""
        kept = block[: _KEPT - len(self._kept)]
        self._kept += kept
        self._more += len(block) - len(kept)

    def text(self) -> str:
        """Give it as text, with a last line about what is left out."""
        said = self._kept.decode("utf-8", "replace")
        return f"{said}\n({self._more} more bytes were printed)\n" if self._more else said


class Place(Protocol):
    """Where an instance runs: a process of this machine, or a container."""

    channel: socket.socket
    """Where messages come and go; it does not block."""
    output: int
    """The descriptor of what is printed; it does not block, and its reader closes it."""

    def memory(self) -> float:
        """Give the MB in use; 0 where nobody can tell."""

    def kill(self) -> None:
        """End it with all that it began, now."""

    def exit_status(self) -> int | None:
        """Give how it ended, soon after its channel did: negative is a signal; None: unknown."""

    def out_of_memory(self) -> bool:
        """Tell whether it was ended because it used more than it may."""

    def close(self) -> None:
        """End it, wait for that, and remove what it leaves."""


class Instance:
    """A place where a handler is loaded; one invocation at a time."""

    def __init__(self, place: Place, memory_size: int) -> None:
        """
        Listen to a place that has begun.

        Args:
            place: Where the runtime loads the handler.
            memory_size: MB that it may use.

        """
        self.max_memory = 0.0
        self._place = place
        self._memory_size = memory_size
        self._waiting = bytearray()
        self._socket = place.channel
        self._output = place.output
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._output, selectors.EVENT_READ)
        self._printing = True

    def ready(self) -> Exchange:
        """Wait until the handler is loaded, or cannot be."""
        return self._exchange(time.monotonic() + INIT_SECONDS)

    def invoke(self, call: FunctionCall) -> Exchange:
        """Have it answer one invocation."""
        deadline = time.monotonic() + call.timeout
        head = {
            "requestId": call.request_id,
            "arn": call.invoked_arn,
            "deadline": time.time() + call.timeout,
            "size": len(call.payload),
        }
        message = json.dumps(head).encode() + b"\n" + call.payload
        return self._exchange(deadline, message)

    def kill(self) -> None:
        """End it with all that it began; whoever waits for its answer learns that it exited."""
        self._place.kill()

    def close(self) -> None:
        """End it, and remove what it leaves; nobody may be waiting for it."""
        self._selector.close()
        self._socket.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self._place.close()

    def _exchange(self, deadline: float, message: bytes = b"") -> Exchange:
        began = time.monotonic()
        printed = Printed()
        unsent = memoryview(message)
        looked = began
        end = End.ANSWERED
        found = None
        while True:
            try:
                found = self._message()
            except (
                ValueError,
                RecursionError,
            ):  # the handler has written where only its runtime writes
                self._place.kill()
                end = End.EXITED
                break
            if found is not None:
                break
            now = time.monotonic()
            if now >= deadline:
                end = End.TIMED_OUT
                break
            if now - looked >= _LOOK:
                looked = now
                if self._uses_too_much():
                    end = End.OUT_OF_MEMORY
                    break
            unsent, alive = self._turn(unsent, printed, min(_LOOK, deadline - now))
            if not alive:
                end = End.EXITED
                break
        seconds = time.monotonic() - began
        self._print(printed)
        self.max_memory = max(self.max_memory, self._place.memory())
        head, payload = found or ({}, b"")
        status = None
        if end is End.EXITED:
            status = self._place.exit_status()
            self._print(printed)
            if self._place.out_of_memory():
                end = End.OUT_OF_MEMORY
        return Exchange(
            end=end,
            head=head,
            payload=payload,
            printed=printed.text(),
            seconds=seconds,
            exit_status=status,
        )

    def _turn(
        self, unsent: memoryview, printed: Printed, patience: float
    ) -> tuple[memoryview, bool]:
        """Send and receive what can be; gives what is still to be sent, and whether it lives."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
        self._selector.modify(self._socket, wanted)
        alive = True
        for key, events in self._selector.select(patience):
            if key.fd == self._output:
                self._print(printed)
                continue
            try:
                if events & selectors.EVENT_WRITE and unsent:
                    unsent = unsent[self._socket.send(unsent) :]
                if events & selectors.EVENT_READ:
                    block = self._socket.recv(_BLOCK)
                    self._waiting += block
                    alive = bool(block)
            except BlockingIOError:
                continue
            except OSError:
                alive = False
        return unsent, alive

    def _print(self, printed: Printed) -> None:
        """Read what is there, but not as long as somebody prints: the time goes on meanwhile."""
        for _ in range(_BLOCKS):
            if not self._printing:
                return
            try:
                block = os.read(self._output, _BLOCK)
            except BlockingIOError:
                return
            if not block:
                self._printing = False
                self._selector.unregister(self._output)
            printed.add(block)

    def _message(self) -> tuple[Mapping[str, object], bytes] | None:
        """Give a message that is whole; raises ``ValueError`` for what is none."""
        end = self._waiting.find(b"\n")
        if end < 0 and len(self._waiting) <= _HEAD:
            return None
        match json.loads(self._waiting[: end if end >= 0 else _HEAD]):
            case {"size": int(size)} as head if 0 <= size <= _PAYLOAD:
                until = end + 1 + size
            case other:
                raise ValueError(other)
        if len(self._waiting) < until:
            return None
        payload = bytes(self._waiting[end + 1 : until])
        del self._waiting[:until]
        return head, payload

    def _uses_too_much(self) -> bool:
        self.max_memory = max(self.max_memory, self._place.memory())
        return self.max_memory > self._memory_size
