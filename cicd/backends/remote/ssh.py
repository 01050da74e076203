"""An engine behind ssh: one ``ssh HOST docker system dial-stdio`` a connection."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from cicd.backends.remote.bridge import Bridge
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from urllib.parse import SplitResult

PATIENCE = 5.0  # seconds that ssh may take to end once its connection has ended


def connect(address: SplitResult) -> socket.socket:
    """Start ssh, with all that the user's own configuration says; raises ``Unavailable``."""
    ours, its = socket.socketpair()
    with its:
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        try:
            process = subprocess.Popen(
                command(address),
                stdin=its.fileno(),
                stdout=its.fileno(),
                stderr=said,
                start_new_session=True,  # Ctrl-C is meant for us, who still have to clean up
            )
        except FileNotFoundError:
            ours.close()
            said.close()
            raise Unavailable(
                "an engine behind ssh takes the command 'ssh', which is not on PATH",
                hint="install the OpenSSH client, or reach the engine by tcp://",
            ) from None
    return _Ssh(ours, process, said)


def command(address: SplitResult) -> list[str]:
    """Give the command line, as the docker client would write it."""
    words = ["ssh", "-T", "-o", "ConnectTimeout=30"]
    if address.username:
        words += ["-l", address.username]
    if address.port:
        words += ["-p", str(address.port)]
    socket_path = address.path.rstrip("/")
    there = ["--host", f"unix://{socket_path}"] if socket_path else []
    return [*words, "--", address.hostname or "", "docker", *there, "system", "dial-stdio"]


class _Ssh(Bridge):
    def __init__(
        self, ours: socket.socket, process: subprocess.Popen[bytes], said: IO[bytes]
    ) -> None:
        super().__init__(ours, self._words)
        self._process = process
        self._said = said

    def close(self) -> None:
        """See ``socket.close``; ssh ends with its input."""
        super().close()
        self._end()
        self._said.close()

    def _end(self) -> None:
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _words(self) -> str:
        """Give the last line that ssh said when it did not end well."""
        self._end()
        if not self._process.returncode:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        spoken = [line.strip() for line in lines if line.strip()]
        return spoken[-1] if spoken else f"ssh ended with {self._process.returncode}"
