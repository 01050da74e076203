"""A command of a container at our own terminal, by the engine's own calls."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import sys
import termios
import threading
import tty
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from cicd.backends.docker_engine import Refused
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.backends.docker_engine import Engine
    from cicd.event import JSON

INTERRUPTED = 130  # 128 + SIGINT
_IN, _OUT = 0, 1  # our own standard streams; the engine's frames count alike
_HEADER = 8  # bytes before each piece of output: which stream, three zeros, the length


def at_terminal(engine: Engine, container: str, command: Sequence[str], *, user: str) -> int:
    """
    Run a command beside what runs in a container, with our own standard streams.

    It has a terminal of its own where we have one. Without, Ctrl-C lets go of it and leaves it.
    Gives its exit status; raises ``Unavailable`` for a container that has ended.
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    names = ("TERM", "COLORTERM") if terminal else ()
    body: JSON = {
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": terminal,
        "Env": [f"{name}={os.environ[name]}" for name in names if name in os.environ],
        "User": user,
        "Cmd": list(command),
    }
    try:
        made = engine.call("POST", f"/containers/{container}/exec", body)
        assert isinstance(made, dict), "the engine names what it has made"
        path = f"/exec/{made['Id']}"
        connection = engine.upgrade(f"{path}/start", {"Detach": False, "Tty": terminal})
    except Refused as refused:
        raise Unavailable(f"the container could not be entered: {refused.message}") from None
    with ExitStack() as held:
        held.callback(connection.close)
        woken = held.enter_context(_signals())
        if terminal:
            held.enter_context(_raw())
            _resize(engine, path)
        if not _carry(engine, path, connection, woken, terminal=terminal):
            return INTERRUPTED
    ended = engine.find(f"{path}/json") or {}
    status = ended.get("ExitCode")
    return status if isinstance(status, int) else INTERRUPTED


def _carry(
    engine: Engine, path: str, connection: socket.socket, woken: int, *, terminal: bool
) -> bool:
    """Carry bytes both ways until the command has ended; False if we were interrupted."""
    said = b""
    sources: list[int | socket.socket] = [connection, woken, _IN]
    while True:
        for source in select.select(sources, [], [])[0]:
            if source is connection:
                data = connection.recv(65536)
                if not data:
                    return True
                said = _write(said + data, terminal=terminal)
            elif source == woken:
                if signal.SIGINT in os.read(woken, 64) and not terminal:
                    return False
                if terminal:
                    _resize(engine, path)
            else:
                data = os.read(_IN, 65536)
                with suppress(OSError):  # it has ended; what it said is still to be read
                    if data:
                        connection.sendall(data)
                    else:
                        sources.remove(_IN)
                        connection.shutdown(socket.SHUT_WR)


def _write(said: bytes, *, terminal: bool) -> bytes:
    """Write what has come to our own streams; gives the beginning of a piece still to come."""
    if terminal:
        _write_all(_OUT, said)
        return b""
    while len(said) >= _HEADER:
        end = _HEADER + int.from_bytes(said[4:_HEADER], "big")
        if len(said) < end:
            break
        _write_all(said[0], said[_HEADER:end])
        said = said[end:]
    return said


def _write_all(stream: int, data: bytes) -> None:
    while data:
        data = data[os.write(stream, data) :]


def _resize(engine: Engine, path: str) -> None:
    """Tell the command how large our terminal is; one that has ended need not know."""
    size = shutil.get_terminal_size()
    with suppress(Refused):
        engine.call("POST", f"{path}/resize", query={"h": str(size.lines), "w": str(size.columns)})


@contextmanager
def _raw() -> Iterator[None]:
    """Leave every key to the command, Ctrl-C too, and have our terminal back afterwards."""
    before = termios.tcgetattr(_IN)
    tty.setraw(_IN, termios.TCSADRAIN)  # what was typed ahead is kept
    try:
        yield
    finally:
        termios.tcsetattr(_IN, termios.TCSADRAIN, before)


@contextmanager
def _signals() -> Iterator[int]:
    """Give a pipe in which Ctrl-C, and a change of the terminal's size, arrive by number."""
    here, there = os.pipe()
    os.set_blocking(there, False)
    before = {}

    def arrived(number: int, _frame: object) -> None:
        with suppress(BlockingIOError):  # it is full of such news
            os.write(there, bytes([number]))

    if threading.current_thread() is threading.main_thread():  # others hear of no signals
        for number in (signal.SIGINT, signal.SIGWINCH):
            before[number] = signal.signal(number, arrived)
    try:
        yield here
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(here)
        os.close(there)
