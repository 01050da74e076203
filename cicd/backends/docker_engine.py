"""
The Docker engine's own HTTP, spoken on its unix socket, or to another machine.

A build needs a handful of calls, and importing the SDK costs more than all of them;
so does ``http.client``, which brings the mail parser and TLS along.
In HTTP/1.0 an answer ends where its connection does: nothing is left to be parsed but a head.
Podman's socket and those of Docker Desktop, colima and rootless engines speak the same.
"""

from __future__ import annotations

import json
import os
import socket
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlencode

from cicd.backends.docker_stream import Stream
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON

NEWEST = (1, 47)  # the newest version of the API that these calls were written for
TIMEOUT = 120.0  # seconds; a cold engine may take its time to start a container
START_HINT = (
    "start it (Docker Desktop, or `sudo systemctl start docker`), "
    "or go without: `--runner sandbox` or `--runner host`"
)


class Refused(Exception):
    """The engine answered, but not as hoped: who asked turns it into a ``CicdError``."""

    def __init__(self, status: int, message: str) -> None:
        """Take HTTP's status and the engine's own words."""
        super().__init__(message)
        self.status = status
        self.message = message


def endpoint() -> str:
    """Say which engine is meant, as the docker client would: a URL such as unix:///…."""
    if host := os.environ.get("DOCKER_HOST"):
        return host
    settings = settings_directory()
    if context := context_name():
        match context_meta(context):
            case {"Endpoints": {"docker": {"Host": str(host)}}}:
                return host
        raise Unavailable(
            f"the Docker context '{context}' does not exist",
            hint="see `docker context ls`; choose one with DOCKER_CONTEXT or DOCKER_HOST",
        )
    runtime = os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")
    usual = ("/var/run/docker.sock", f"{runtime}/docker.sock", f"{settings}/run/docker.sock")
    found = (path for path in usual if Path(path).exists())
    return f"unix://{next(found, usual[0])}"


def settings_directory() -> Path:
    """Say where the docker client keeps what its user chose."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def context_name() -> str | None:
    """Give the name of the context that is in force; None for the default one."""
    chosen = os.environ.get("DOCKER_CONTEXT") or _setting(settings_directory() / "config.json")
    return chosen if chosen and chosen != "default" else None


def context_meta(name: str) -> object:
    """Give what the docker client keeps of a context; None where there is none."""
    digest = sha256(name.encode()).hexdigest()
    return _read(settings_directory() / "contexts" / "meta" / digest / "meta.json")


class Engine:
    """
    One engine. A connection a call, so it may be used from any thread.

    It is remote unless its socket is one of this machine: even where ``tcp://127.0.0.1`` leads
    to this machine's own, that cannot be known, and to copy is right in either case.
    """

    def __init__(self, url: str) -> None:
        """Raises ``Unavailable`` for a URL of another kind than unix, tcp and ssh."""
        self.url = url
        self.remote = not url.startswith("unix://")
        if self.remote:
            from cicd.backends.remote import transport

            transport.check(url)
            self._hint = transport.HINT
        else:
            self._hint = START_HINT
        self.path = url.removeprefix("unix://")  # of its socket, where it has one here
        self._prefix = ""

    def ping(self) -> None:
        """Agree on a version; raises ``Unavailable`` when no engine answers."""
        _, headers, _ = self._exchange("GET", "/_ping", None)
        said = headers.get("api-version", "1.41")
        major, _, minor = said.partition(".")
        if not (major.isdecimal() and minor.isdecimal()):
            raise Unavailable(
                f"what answers at {self.url} is no Docker engine: its version is '{said}'",
                hint="look at DOCKER_HOST; " + self._hint,
            )
        version = min(NEWEST, (int(major), int(minor)))
        self._prefix = f"/v{version[0]}.{version[1]}"

    def call(
        self,
        method: str,
        path: str,
        body: JSON = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> JSON:
        """Make one call and give its answer; raises ``Refused`` for any status from 300 on."""
        target = path + (f"?{urlencode(query)}" if query else "")
        status, _, data = self._exchange(method, self.versioned(target), body)
        if status >= 300 and status != 304:  # 304: it already is as asked
            raise Refused(status, words_of(data))
        return cast("JSON", json.loads(data)) if data.strip() else None

    def find(self, path: str) -> Mapping[str, JSON] | None:
        """Make a GET call for one object; None when there is none."""
        try:
            found = self.call("GET", path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return cast("Mapping[str, JSON]", found)

    def read(self, path: str) -> bytes:
        """Make a GET call and give its content as it is; b"" where there is none."""
        status, _, data = self._exchange("GET", self.versioned(path), None)
        return data if status < 300 else b""

    def events(self, query: Mapping[str, str]) -> list[Mapping[str, JSON]]:
        """Give what happened on the engine between two moments, both past; raises ``Refused``."""
        target = self.versioned(f"/events?{urlencode(query)}")
        status, _, data = self._exchange("GET", target, None)
        if status >= 300:
            raise Refused(status, words_of(data))
        return [json.loads(line) for line in data.splitlines() if line.strip()]

    def attach(self, container: str) -> Stream:
        """Open a stream to a container's standard input; raises ``Refused``."""
        query = "stream=1&stdin=1&stdout=1&stderr=1"
        return Stream(self.upgrade(f"/containers/{quote(container)}/attach?{query}"))

    def upgrade(self, path: str, body: JSON = None) -> socket.socket:
        """Make a POST call whose connection becomes a stream, and give it; raises ``Refused``."""
        target = self.versioned(path)
        data = b"" if body is None else json.dumps(body).encode()
        connection = self.connect()
        try:
            connection.sendall(
                f"POST {target} HTTP/1.1\r\nHost: docker\r\n"
                "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n\r\n".encode()
                + data
            )
            head = _head(connection)
        except OSError as problem:
            connection.close()
            raise self.unanswered(problem) from None
        status = head.split(b" ", 2)[1:2]
        if status not in ([b"101"], [b"200"]):
            connection.close()
            raise Refused(int(status[0]) if status else 500, head.decode("utf-8", "replace"))
        connection.settimeout(None)
        return connection

    def versioned(self, path: str) -> str:
        """Give the path of a call in the version of the API that is spoken."""
        if not self._prefix:
            self.ping()
        return self._prefix + path

    def unanswered(self, problem: Exception) -> Unavailable:
        """Say that a connection came to nothing."""
        return Unavailable(
            f"the Docker engine at {self.url} did not answer: {problem}", hint=self._hint
        )

    def connect(self) -> socket.socket:
        """Give a connection of its own for one call; raises ``Unavailable``."""
        if self.remote:
            from cicd.backends.remote import transport

            return transport.connect(self.url)
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(TIMEOUT)
        try:
            stream.connect(self.path)
        except PermissionError:
            stream.close()
            raise Unavailable(
                f"the Docker engine at {self.url} may not be used by this user",
                hint="add the user to the group docker, or use `--runner sandbox`",
            ) from None
        except OSError:
            stream.close()
            raise Unavailable(f"no Docker engine answers at {self.url}", hint=START_HINT) from None
        return stream

    def _exchange(
        self, method: str, target: str, body: JSON
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Make one call; gives the status, the headers by their lower-case names, the content."""
        data = b"" if body is None else json.dumps(body).encode()
        request = (
            f"{method} {target} HTTP/1.0\r\nHost: docker\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        with self.connect() as connection:
            try:
                connection.sendall(request.encode() + data)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
                return parsed(answer)
            except (OSError, ValueError) as problem:
                raise self.unanswered(problem) from None


def _head(connection: socket.socket) -> bytes:
    """Take the head of an answer off a connection, and not a byte of the stream behind it."""
    head = b""
    while b"\r\n\r\n" not in head:
        seen = connection.recv(4096, socket.MSG_PEEK)
        end = (head + seen).find(b"\r\n\r\n")
        wanted = len(seen) if end < 0 else end + 4 - len(head)
        if not wanted:
            break
        head += connection.recv(wanted)
    return head


def parsed(answer: bytes) -> tuple[int, Mapping[str, str], bytes]:
    """Take an answer apart; raises ``ValueError`` for one that is not whole."""
    head, end, content = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): text.strip() for name, _, text in pairs}
    if not end or len(content) < int(headers.get("content-length", 0)):
        raise ValueError("it hung up")
    return int(first.split(" ", 2)[1]), headers, content


def words_of(data: bytes) -> str:
    """Give the engine's own words of a refusal's content."""
    text = data.decode("utf-8", "replace").strip()
    try:
        match json.loads(text):
            case {"message": str(message)}:
                return message
    except ValueError:
        pass
    return text


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _setting(path: Path) -> str | None:
    match _read(path):
        case {"currentContext": str(name)}:
            return name
    return None
