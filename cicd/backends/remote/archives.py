"""Trees into a container and out of it, as tar streams."""

from __future__ import annotations

import tarfile
from contextlib import closing, contextmanager, suppress
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlencode

from cicd.backends.docker_engine import Refused, words_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from cicd.backends.docker_engine import Engine

CHUNK = 256 * 1024
WAIT = 600.0  # seconds that the engine may take over what it was sent


def put(
    engine: Engine, container: str, directory: str, write: Callable[[tarfile.TarFile], None]
) -> None:
    """
    Unpack in a directory inside what ``write`` adds to an archive.

    Owners, modes and links arrive as they are in the archive; directories are merged.
    Raises ``Refused``: 404 where there is no such directory or container.
    """
    with closing(_begin(engine, "PUT", container, directory, chunked=True)) as connection:
        with suppress(_HungUp):  # an engine that has heard enough answers before
            body = _Chunks(connection)
            with tarfile.open(
                fileobj=cast("IO[bytes]", body),
                mode="w|",
                format=tarfile.GNU_FORMAT,  # whose names are bytes, whatever they are
                bufsize=CHUNK,
            ) as archive:
                write(archive)
            body.end()
        connection.settimeout(WAIT)
        incoming = Incoming(connection)
        try:
            status = incoming.head()
            if status >= 300:
                raise Refused(status, incoming.rest())
        except OSError as problem:
            raise engine.unanswered(problem) from None


@contextmanager
def got(engine: Engine, container: str, path: str) -> Iterator[Incoming]:
    """Give the archive of a path inside, to be read once; raises ``Refused``."""
    with closing(_begin(engine, "GET", container, path)) as connection:
        incoming = Incoming(connection)
        try:
            status = incoming.head()
            if status >= 300:
                raise Refused(status, incoming.rest())
            yield incoming
        except (OSError, tarfile.TarError) as problem:
            raise engine.unanswered(problem) from None


def exists(engine: Engine, container: str, path: str) -> bool:
    """Say whether there is such a path inside; False where the container is gone, too."""
    with closing(_begin(engine, "HEAD", container, path)) as connection:
        try:
            return Incoming(connection).head() < 300
        except OSError as problem:
            raise engine.unanswered(problem) from None


def _begin(
    engine: Engine, method: str, container: str, path: str, *, chunked: bool = False
) -> socket.socket:
    """Send the head of a call about a path inside."""
    target = engine.versioned(f"/containers/{container}/archive?{urlencode({'path': path})}")
    head = f"{method} {target} HTTP/1.0\r\nHost: docker\r\n\r\n"
    if chunked:  # how long it becomes is not known yet
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
            "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
    connection = engine.connect()
    try:
        connection.sendall(head.encode())
    except OSError as problem:
        connection.close()
        raise engine.unanswered(problem) from None
    return connection


class _Chunks:
    """A file to be written: what is written goes out in HTTP's chunks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        if data:
            self._send(b"%x\r\n%b\r\n" % (len(data), data))
        return len(data)

    def end(self) -> None:
        self._send(b"0\r\n\r\n")

    def _send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as problem:
            raise _HungUp(str(problem)) from None


class _HungUp(Exception):
    """The engine reads no further."""


class Incoming:
    """A file to be read: the content of an answer that ends with its connection."""

    def __init__(self, connection: socket.socket) -> None:
        """Read nothing yet."""
        self._connection = connection
        self._buffer = b""
        self.taken = 0  # bytes of content so far

    def head(self) -> int:
        """Take the head off, and give the status."""
        while b"\r\n\r\n" not in self._buffer:
            data = self._connection.recv(CHUNK)
            if not data:
                raise ConnectionAbortedError("it hung up")
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1])

    def read(self, size: int) -> bytes:
        """Give up to ``size`` bytes; fewer only at the end."""
        pieces = []
        missing = size
        while missing:
            data = self._buffer[:missing] or self._connection.recv(min(missing, CHUNK))
            self._buffer = self._buffer[len(data) :]
            if not data:
                break
            pieces.append(data)
            missing -= len(data)
        self.taken += size - missing
        return b"".join(pieces)

    def rest(self) -> str:
        """Give the engine's words of what is left."""
        return words_of(b"".join(iter(lambda: self.read(CHUNK), b"")))
