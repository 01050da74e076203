"""The stream to a container's standard input; its end is how the container's death is seen."""

from __future__ import annotations

import re
import select
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

KEPT = 4096  # bytes of what the container itself says, which is little: why it cannot begin
_HEADER = re.compile(rb"[\0-\2]\0\0\0.{4}", re.DOTALL)  # before each piece of output


def without_frames(output: bytes) -> bytes:
    """Take what the engine puts before each piece of output off again."""
    return _HEADER.sub(b"", output)


class Stream:
    """
    Made by ``Engine.attach``, for one thread at a time.

    The container's own output is attached too, though a driver says nothing there.
    Closing the stream leaves the container's input open for the next one.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection that has become a stream."""
        self._connection = connection
        self._said = b""

    def send(self, data: bytes) -> None:
        """Write to the container's input; raises ``OSError``."""
        self._connection.sendall(data)

    def at_end(self, patience: float = 0.0) -> bool:
        """Say whether the other side has closed, or does so within ``patience`` seconds."""
        until = time.monotonic() + patience
        try:
            while select.select([self._connection], [], [], max(0, until - time.monotonic()))[0]:
                said = self._connection.recv(65536)
                if not said:
                    return True
                self._said = (self._said + said)[-KEPT:]
        except OSError:
            return True
        return False

    def words(self) -> str:
        """Give the last line of the container's own output that has been seen, or ""."""
        text = without_frames(self._said).decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2]

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()
