"""Commands of our own in a container that runs: the engine's "exec"."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, cast

from cicd.backends import docker_container
from cicd.backends.docker_engine import Refused

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping, Sequence

    from cicd.backends.docker_engine import Engine
    from cicd.event import JSON

CHUNK = 256 * 1024
HEADER = 8  # bytes before each piece: the stream's number, three of nothing, the length in four


def execute(engine: Engine, container: str, command: Sequence[str]) -> int | None:
    """Run a command to its end, and give its exit status; None where the container is dead."""
    try:
        name, connection = begin(engine, container, command)
        with closing(connection):
            for _ in pieces(connection):
                pass
        found = engine.find(f"/exec/{name}/json")
    except Refused as refused:
        if refused.status in (404, 409):  # gone, or not running
            return None
        raise
    except ConnectionError:
        return None
    status = None if found is None else found.get("ExitCode")
    return status if isinstance(status, int) else None


def begin(engine: Engine, container: str, command: Sequence[str]) -> tuple[str, socket.socket]:
    """Start a command; gives its id and the stream of its output; raises ``Refused``."""
    body: JSON = {
        "Cmd": list(command),
        "User": docker_container.ROOT,
        "WorkingDir": "/",
        "AttachStdout": True,
        "AttachStderr": True,
    }
    made = engine.call("POST", f"/containers/{container}/exec", body)
    name = str(cast("Mapping[str, JSON]", made)["Id"])
    return name, engine.upgrade(f"/exec/{name}/start", {"Detach": False, "Tty": False})


def pieces(connection: socket.socket) -> Iterator[bytes]:
    """Give what a command writes to its standard output, until it ends; raises ``OSError``."""
    buffer = b""
    while data := connection.recv(CHUNK):
        buffer += data
        while len(buffer) >= HEADER:
            end = HEADER + int.from_bytes(buffer[4:HEADER])
            if len(buffer) < end:
                break
            if buffer[0] == 1:
                yield buffer[HEADER:end]
            buffer = buffer[end:]
