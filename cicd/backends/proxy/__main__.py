"""
`python -m cicd.backends.proxy DIRECTORY`: listen, go to the background, and keep a worker alive.

The listening sockets are this process's: while a worker that died is replaced, clients wait a
moment instead of being refused.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Final

from cicd.backends.proxy.table import STATE
from cicd.backends.proxy.worker import Worker

CONTROL: Final = "control.sock"
_LOCK: Final = "lock"
_BACKLOG: Final = 1024
_PAUSE: Final = 0.02  # seconds before a worker is replaced
_LOOK: Final = 1.0  # seconds between two looks whether the home is there
_HASTE: Final = 10  # workers that may die within a second of their birth, one after another


def main(directory: Path) -> int:
    """Listen, and return to whoever started us as soon as clients may come; 1: they may not."""
    _allow_many_clients()
    os.chdir(directory)  # a socket's whole path may be longer than the system takes
    lock = Path(_LOCK).open("w")  # noqa: SIM115  # held as long as a process of this proxy lives
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 0  # another one was quicker
    routes = json.loads(Path(STATE).read_text("utf-8"))["settings"]["routes"]
    listeners = []
    for route in routes:
        try:
            listeners.append((route["name"], route["port"], _listen(route["host"], route["port"])))
        except OSError as reason:
            sys.stderr.write(f"{route['host']}:{route['port']}: {reason.strerror}\n")
            return 1
    Path(CONTROL).unlink(missing_ok=True)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(CONTROL)
    Path(CONTROL).chmod(0o600)
    control.listen(_BACKLOG)
    if os.fork():
        return 0
    _leave_terminal()
    _supervise(listeners, control)
    os._exit(0)


def _allow_many_clients() -> None:
    """Have as many files open as we may: two a request, and clients that say nothing."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # where the system allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


def _leave_terminal() -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    log = os.open("proxy.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.dup2(log, 2)


def _supervise(listeners: list[tuple[str, int, socket.socket]], control: socket.socket) -> None:
    haste = 0
    while haste < _HASTE:
        began = time.monotonic()
        child = os.fork()
        if not child:
            _work(listeners, control)
        signal.signal(signal.SIGTERM, lambda *_, child=child: os.kill(child, signal.SIGTERM))
        _, ended = os.waitpid(child, 0)
        if ended == 0 or (os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.SIGTERM):
            break
        haste = haste + 1 if time.monotonic() - began < 1 else 0
        time.sleep(_PAUSE)
    with suppress(OSError):
        Path(CONTROL).unlink()


def _work(listeners: list[tuple[str, int, socket.socket]], control: socket.socket) -> None:
    status = 1
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        asyncio.run(_serve(listeners, control))
        status = 0
    except BaseException:  # noqa: BLE001  # the supervisor's code must not run on in its child
        traceback.print_exc()
    os._exit(status)


async def _serve(listeners: list[tuple[str, int, socket.socket]], control: socket.socket) -> None:
    working = asyncio.ensure_future(Worker(Path()).run(listeners, control))
    while not working.done():
        await asyncio.wait({working}, timeout=_LOOK)
        if not _has_home():
            return
    await working


def _has_home() -> bool:
    """Tell whether anybody can still reach this proxy, and end it: not when that was removed."""
    return Path(CONTROL).exists()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
