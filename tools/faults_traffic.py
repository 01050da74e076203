"""Faults: the load balancer is killed again and again while traffic goes from blue to green."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import PATIENCE, ROOT, Row, Skipped, World

if TYPE_CHECKING:
    from collections.abc import Callable

PORTS = (8280, 8281, 8282, 9281, 9282)  # of the sample, and of the copies that it makes
PAUSE = 1.2  # seconds between two kills: who dies within a second ten times is not started again


class Client:
    """Somebody who asks for the page over and over, and counts who refused."""

    def __init__(self, port: int) -> None:
        """Begin to ask what listens there on this machine."""
        self.port = port
        self.asked = self.refused = self.cut = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def leave(self) -> None:
        """Ask no more."""
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.01):
            self.asked += 1
            try:
                page(self.port)
            except ConnectionRefusedError:
                self.refused += 1
            except (OSError, HTTPException):  # it was being answered by the one that was killed
                self.cut += 1


def page(port: int) -> bytes:
    """Ask once, on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def kill_balancer(scratch: Path) -> Row:
    """Kill the process that answers, while a deployment shifts the traffic."""
    need_ports(*PORTS)
    world = World(directory=scratch / "site")
    shutil.copytree(ROOT / "samples" / "blue-green", world.directory, dirs_exist_ok=True)
    status, said = world.run("deploy", "--speed", "60")
    world.lose_unless(status == 0, f"the first deployment ended with {status}: {said[-200:]}")
    written = world.directory / "site" / "index.html"
    written.write_text("<p>the new one</p>\n", "utf-8")
    client, killed = Client(PORTS[0]), 0
    try:
        process = world.start("deploy", "--speed", "60")
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            for pid in _workers(world.home):
                os.kill(pid, signal.SIGKILL)
                killed += 1
            time.sleep(PAUSE)
        said = process.communicate()[0].decode("utf-8", "replace")
        world.lose_unless(process.returncode == 0, f"the shift ended so: {said[-200:]}")
        world.lose_unless(b"the new one" in page(PORTS[0]), "the old version is still there")
    finally:
        client.leave()
        world.run("router", "stop")
        _end_servers(world.home)
    world.lose_unless(client.refused == 0, f"{client.refused} of {client.asked} were refused")
    world.lose_unless(client.cut <= killed, f"{client.cut} requests were cut by {killed} kills")
    world.check_state()
    return world.row(
        "`kill -9` of the load balancer's process while traffic is shifted",
        killed,
        f"of {client.asked} requests none was refused, and {client.cut} that were being answered "
        "were cut; the deployment succeeds, and all get the new version",
    )


def need_ports(*ports: int) -> None:
    """Skip the fault unless nobody listens at these."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise Skipped(f"port {port} is taken") from None


def _workers(home: Path) -> list[int]:
    """Find the processes of load balancers that answer: children of those that keep them alive."""
    parents = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes()
            parent = int((directory / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        if b"cicd.backends.proxy" in command and f"{home}/routers/".encode() in command:
            parents[int(directory.name)] = parent
    return [pid for pid, parent in parents.items() if parent in parents]


def _end_servers(home: Path) -> None:
    for file in home.glob("instances/*/srv/site.pid"):
        try:
            os.kill(int(file.read_text("utf-8")), signal.SIGTERM)
        except (OSError, ValueError):
            continue


TRAFFIC: dict[str, Callable[[Path], Row]] = {"kill-balancer": kill_balancer}
