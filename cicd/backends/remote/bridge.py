"""A socket whose other end is carried on by something else: a process, or an encryption."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer


class Bridge(socket.socket):
    """
    Our end of a pair of sockets: whoever has a socket can do with it whatever a socket can.

    When it is cut off, the exception says why in the words of what carried it.
    """

    def __init__(self, end: socket.socket, why: Callable[[], str]) -> None:
        """Take ``end`` over; ``why`` gives the reason of a cut, "" for an ordinary end."""
        super().__init__(end.family, end.type, end.proto, fileno=end.detach())
        self._why = why

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """See ``socket.recv``; raises ``ConnectionError`` where it was cut off."""
        try:
            data = super().recv(size, flags)
        except ConnectionError:  # it has ended with something of ours unread
            data = b""
        if not data and size and (words := self._why()):
            raise ConnectionAbortedError(words)
        return data

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """See ``socket.sendall``; raises ``ConnectionError`` where it was cut off."""
        try:
            super().sendall(data, flags)
        except ConnectionError as problem:
            raise ConnectionAbortedError(self._why() or str(problem)) from None

    def close(self) -> None:
        """See ``socket.close``. Whoever reads it on another thread is woken."""
        with suppress(OSError):  # the other end has closed before
            self.shutdown(socket.SHUT_RDWR)
        super().close()
