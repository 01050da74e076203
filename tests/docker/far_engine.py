"""An engine that shares no directory with the tests, and the ways to it: tcp and ssh."""

import contextlib
import os
import socket
import subprocess
import threading
from pathlib import Path

from tests.docker.own_engine import OwnEngine

# What is left of ssh where there is no other machine: whom to reach, and the command there.
SSH = """\
#!/bin/sh
while [ "$1" != -- ]; do shift; done
[ "$2" = far.test ] || { echo "ssh: Could not resolve hostname $2" >&2; exit 255; }
shift 2
export DOCKER_HOST='%s'
exec "$@"
"""


class FarEngine:
    """One engine, behind a relay on 127.0.0.1 and a stand-in for ssh."""

    def __init__(self, hidden):
        self.own = OwnEngine(hidden)
        self.own.start()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.tcp = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        self.ssh = "ssh://me@far.test"
        self.connections = 0
        self.open = set()
        threading.Thread(target=self._serve, daemon=True).start()
        self.bin = self.own.place / "bin"
        self.bin.mkdir()
        (self.bin / "ssh").write_text(SSH % self.own.url)
        (self.bin / "ssh").chmod(0o755)

    def load(self, image):
        saved = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
        load = ["docker", "--host", self.own.url, "load", "--quiet"]
        subprocess.run(load, stdin=saved.stdout, check=True, stdout=subprocess.DEVNULL)
        assert saved.wait() == 0

    def path(self):
        """Give a PATH whose ssh leads here."""
        return f"{self.bin}{os.pathsep}{os.environ['PATH']}"

    def cut(self):
        """Break all connections, as a network does."""
        for end in list(self.open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def remove(self):
        self.server.close()
        self.own.remove()

    def _serve(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(Path(self.own.place, "s")))
            self.connections += 1
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        self.open.add(one)
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
        self.open.discard(one)
