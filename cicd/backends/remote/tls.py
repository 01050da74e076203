"""An encrypted connection to an engine, with the certificates that Docker keeps for it."""

from __future__ import annotations

import os
import select
import socket
import ssl
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends.docker_engine import context_meta, context_name, settings_directory
from cicd.backends.remote.bridge import Bridge
from cicd.errors import Unavailable
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Where they are, and whether the engine's own is looked at."""

    directory: Path
    verify: bool

    def context(self) -> ssl.SSLContext:
        """Load them; raises ``Unavailable``."""
        authority = self.directory / "ca.pem"
        ours, key = self.directory / "cert.pem", self.directory / "key.pem"
        made = ssl.create_default_context()
        if not self.verify:
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        try:
            if authority.exists():
                made.load_verify_locations(authority)
            if ours.exists():
                made.load_cert_chain(ours, key)
        except OSError as problem:  # of which those about their content are, too
            raise Unavailable(
                f"the certificates in '{self.directory}' cannot be used: {problem}",
                hint="there should be ca.pem, cert.pem and key.pem, readable by this user",
            ) from None
        return made


def certificates(environment: Mapping[str, str] = os.environ) -> Certificates | None:
    """Say which certificates the docker client would use; None: the connection is plain."""
    if environment.get("DOCKER_HOST"):
        verify = bool(environment.get("DOCKER_TLS_VERIFY"))
        if not verify and not environment.get("DOCKER_TLS"):
            return None
        directory = Path(environment.get("DOCKER_CERT_PATH") or settings_directory())
        return Certificates(directory=directory, verify=verify)
    name = context_name()
    if name is None:
        return None
    digest = sha256(name.encode()).hexdigest()
    directory = settings_directory() / "contexts" / "tls" / digest / "docker"
    match context_meta(name):
        case {"Endpoints": {"docker": {"SkipTLSVerify": True}}}:
            return Certificates(directory=directory, verify=False)
    return Certificates(directory=directory, verify=True) if directory.is_dir() else None


def secured(plain: socket.socket, host: str, found: Certificates) -> socket.socket:
    """Shake hands over a connection; raises ``ssl.SSLError`` and other ``OSError``."""
    inner = found.context().wrap_socket(plain, server_hostname=host)
    inner.settimeout(0)
    ours, its = socket.socketpair()
    carrier = _Carrier(inner, its)
    threading.Thread(target=carrier.run, name="docker tls", daemon=True).start()
    return Bridge(ours, lambda: carrier.why)


class _Carrier:
    """
    Carries bytes between an encrypted connection and one end of a pair, on a thread of its own.

    An encrypted connection cannot be looked at without being read, nor be used by two threads
    at once, as streams are.
    """

    def __init__(self, inner: ssl.SSLSocket, plain: socket.socket) -> None:
        self._inner = inner
        self._plain = plain
        self.why = ""

    def run(self) -> None:
        try:
            while True:
                if not self._inner.pending():
                    ready, _, _ = select.select([self._inner, self._plain], [], [])
                else:
                    ready = [self._inner]
                if self._inner in ready and not self._from_engine():
                    return
                if self._plain in ready:
                    data = self._plain.recv(CHUNK)
                    if not data:
                        return
                    self._to_engine(data)
        except OSError as problem:
            self.why = words_of(problem)
        finally:
            for end in (self._inner, self._plain):
                with suppress(OSError):
                    end.close()

    def _from_engine(self) -> bool:
        """Pass on what has come; False at the end."""
        try:
            data = self._inner.recv(CHUNK)
        except ssl.SSLWantReadError:
            return True  # it was the encryption's own business
        except ssl.SSLEOFError:
            return False
        if data:
            self._plain.sendall(data)
        return bool(data)

    def _to_engine(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._inner.send(rest) :]
            except ssl.SSLWantWriteError:
                select.select([], [self._inner], [])
            except ssl.SSLWantReadError:
                select.select([self._inner], [], [])


def words_of(problem: OSError) -> str:
    """Say what went wrong with an encrypted connection, without the library's own marks."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError) and problem.reason:
        return problem.reason.replace("_", " ").lower()
    return problem.strerror or str(problem)
