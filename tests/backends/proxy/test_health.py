"""What a health check saw, in words, of real servers."""

import asyncio
import socket
from datetime import timedelta

import pytest

from cicd.backends.proxy.balance import Member
from cicd.backends.proxy.health import probe
from cicd.ports import Endpoint, HealthCheck


@pytest.fixture(scope="module")
def silent():
    """Give where somebody listens who never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def asked(port, **check):
    member = Member(Endpoint(host="127.0.0.1", port=port))
    return asyncio.run(probe(member, HealthCheck(timeout=timedelta(seconds=0.05), **check)))


def said(answer, **check):
    """Ask a server that says ``answer``."""

    async def talk():
        async def speak(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            member = Member(Endpoint(host="127.0.0.1", port=port))
            return await probe(member, HealthCheck(path="/up", **check))

    return asyncio.run(talk())


def test_an_answer_is_held_against_what_is_healthy():
    assert not said(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert said(b"HTTP/1.1 503 Wait\r\n\r\n") == "GET /up is answered with 503"
    assert said(b"HTTP/1.1 200 OK\r\n\r\n", lowest=204, highest=204).endswith("with 200")
    assert said(b"+PONG\r\n") == "no answer in HTTP to the health check"


def test_who_listens_and_does_not_answer_is_healthy_only_where_nothing_is_asked(silent):
    assert asked(silent) == "no answer to the health check within 0.05 s"
    assert not asked(silent, path="")


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert asked(port) == "nobody listens: the connection is refused"
