"""
The spool of a session that has no directory in common with us, kept up with on this machine.

It only ever grows, so whoever copies a stretch of it to the same offset writes the same bytes:
several may do it at once, and who comes after a dead process goes on where that one was.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from cicd.backends.docker_engine import Refused
from cicd.backends.remote import execution
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.backends.docker_engine import Engine

BLOCK = 64 * 1024  # bytes; we begin at a multiple of it
AGAIN = 0.5  # seconds before a stream that was cut is asked for anew
DRAIN = 5.0  # seconds for the last bytes of a dead session

# GNU's tail looks as often as it is told; others once a second, which is too seldom.
FOLLOW = """\
if tail --version >/dev/null 2>&1; then
    exec tail -s 0.02 -c "+$(($1 * $2 + 1))" -f "$3"
fi
exec <"$3"
[ "$2" -eq 0 ] || dd bs="$1" count="$2" >/dev/null 2>&1
while cat; do
    sleep 0.02 2>/dev/null || sleep 1
done
"""


class SpoolMirror:
    """Follows the spool of one container into a file, from the first ``follow`` on."""

    def __init__(self, engine: Engine, container: str, spool: str, copy: Path) -> None:
        """``spool`` is its path inside, ``copy`` the file here, which exists."""
        self._engine = engine
        self._container = container
        self._spool = spool
        self._copy = copy
        self._connection: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def follow(self) -> None:
        """Begin, unless that has been done."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
                self._thread.start()

    def drain(self) -> None:
        """Wait for the last bytes of a session that has died."""
        if self._thread is not None:
            self._thread.join(DRAIN)

    def close(self) -> None:
        """Follow no longer."""
        with self._lock:
            self._closed.set()
            connection = self._connection
        if connection is not None:
            with suppress(OSError):  # it has ended just now
                connection.shutdown(socket.SHUT_RDWR)
        self.drain()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._stretch()
            except Refused:
                if not self._lives():
                    return
            except (OSError, Unavailable):
                pass  # who asks whether the session lives meets it again, and is told
            self._closed.wait(AGAIN)

    def _lives(self) -> bool:
        match self._engine.find(f"/containers/{self._container}/json"):
            case {"State": {"Running": True}}:
                return True
        return False

    def _stretch(self) -> None:
        """Follow one stream to its end."""
        blocks = self._copy.stat().st_size // BLOCK
        command = ("sh", "-c", FOLLOW, "sh", str(BLOCK), str(blocks), self._spool)
        _, connection = execution.begin(self._engine, self._container, command)
        with closing(connection):
            with self._lock:
                self._connection = connection
                if self._closed.is_set():
                    return
            offset = blocks * BLOCK
            file = os.open(self._copy, os.O_WRONLY | os.O_CLOEXEC)
            try:
                for piece in execution.pieces(connection):
                    rest = memoryview(piece)
                    while rest:
                        written = os.pwrite(file, rest, offset)
                        rest, offset = rest[written:], offset + written
            finally:
                os.close(file)
                with self._lock:
                    self._connection = None
