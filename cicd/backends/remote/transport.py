"""The URL of an engine of another machine → a connection to it."""

from __future__ import annotations

import socket
from urllib.parse import SplitResult, urlsplit

from cicd.backends.docker_engine import settings_directory
from cicd.errors import Unavailable

TIMEOUT = 30.0  # seconds for a connection to come about
PLAIN, ENCRYPTED = 2375, 2376  # ports, where the URL names none
HINT = (
    "look at DOCKER_HOST and `docker context ls`; `docker version` says whether Docker itself "
    "gets there"
)


def check(url: str) -> None:
    """Refuse a URL that names no engine of another machine; raises ``Unavailable``."""
    address = _address(url)
    if address.scheme not in ("tcp", "http", "https", "ssh") or not address.hostname:
        raise Unavailable(
            f"'{url}' does not name a Docker engine",
            hint="it is unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
        )


def connect(url: str) -> socket.socket:
    """Give a connection; raises ``Unavailable``, with the reason and what to look at."""
    address = _address(url)
    if address.scheme == "ssh":
        from cicd.backends.remote import ssh

        return ssh.connect(address)
    return _tcp(url, address)


def _tcp(url: str, address: SplitResult) -> socket.socket:
    from cicd.backends.remote import tls

    host = address.hostname or ""
    found = tls.certificates()
    if found is None and address.scheme == "https":
        found = tls.Certificates(directory=settings_directory(), verify=True)
    port = address.port or (PLAIN if found is None else ENCRYPTED)
    try:
        plain = socket.create_connection((host, port), TIMEOUT)
    except OSError as problem:
        words = problem.strerror or str(problem)
        raise Unavailable(f"no Docker engine answers at {url}: {words}", hint=HINT) from None
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if found is None:
        return plain
    try:
        return tls.secured(plain, host, found)
    except OSError as problem:
        plain.close()
        raise Unavailable(
            f"no secure connection to the Docker engine at {url}: {tls.words_of(problem)}",
            hint=f"the certificates are looked for in '{found.directory}'; a port without TLS "
            "takes no DOCKER_TLS_VERIFY",
        ) from None


def _address(url: str) -> SplitResult:
    address = urlsplit(url)
    try:
        address.port  # noqa: B018 - raises for one that is no number
    except ValueError:
        raise Unavailable(f"'{url}' has no port that is a number") from None
    return address
