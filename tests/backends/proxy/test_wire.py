"""The proxy from outside: bytes in, bytes out, with a backend that does what a test says."""

import asyncio
import json
import resource
import shutil
import socket
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest

from cicd.backends.proxy import client as wire
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.ports import Endpoint, HealthCheck, RouterSpec, RouteSpec
from cicd.testing.contracts_traffic import free_port, until

BIG = 8 * 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Backend:
    """Takes connections one after another and does with each what ``serve`` says."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = Endpoint(host="127.0.0.1", port=self.listener.getsockname()[1])
        self.seen = []
        self.serve = self.answer
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def die(self):
        # Who waits for a connection would have one more, were it only closed.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def one(self, connection):
        connection.settimeout(10)
        with connection, suppress(OSError):
            self.serve(connection)

    def head(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionResetError
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        self.seen.append(head.decode())
        return head, rest

    def answer(self, connection, said=OK):
        while True:
            self.head(connection)
            connection.sendall(said)


class Client:
    def __init__(self, endpoint):
        self.socket = socket.create_connection((endpoint.host, endpoint.port), timeout=10)

    def send(self, data):
        self.socket.sendall(data)
        return self

    def until(self, end):
        data = b""
        while not data.endswith(end):
            piece = self.socket.recv(1)
            assert piece, data
            data += piece
        return data

    def rest(self):
        data = b""
        while piece := self.socket.recv(65536):
            data += piece
        return data


@contextmanager
def started(home, check):
    front = Endpoint(host="127.0.0.1", port=free_port())
    spec = RouterSpec(
        name="wire",
        routes=(RouteSpec(name="web", listen=front, weights=(("g", 100),)),),
        health_check=check,
    )
    router = ProxyRouter(home, spec)
    router.weights("web")
    router.front, router.home = front, home
    yield router
    RunningProxy(home / "routers" / "wire").stop()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with started(tmp_path_factory.mktemp("home"), HealthCheck(path="")) as router:
        yield router


@pytest.fixture
def backend(proxy):
    made = Backend()
    proxy.register("g", made.endpoint)
    yield made
    proxy.deregister("g", made.endpoint, drain=timedelta())
    made.listener.close()


@pytest.fixture
def client(proxy, backend):
    made = Client(proxy.front)
    yield made
    made.socket.close()


def test_it_ends_when_its_home_is_removed(tmp_path):
    with started(tmp_path / "home", HealthCheck(path="")) as router:
        socket.create_connection((router.front.host, router.front.port), timeout=10).close()
        shutil.rmtree(tmp_path / "home")
        until(lambda: not listens(router.front), "its end")


def listens(endpoint):
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout=10).close()
    except OSError:
        return False
    return True


def test_a_module_of_the_directory_one_is_in_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("open('ran', 'w').close()\nraise SystemExit('theirs')\n")
    monkeypatch.chdir(tmp_path)
    with started(tmp_path / "home", HealthCheck(path="")) as router:
        assert router.weights("web") == {"g": 100}
    assert not (tmp_path / "ran").exists()


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_requests_of_one_connection_are_answered_in_order(client, backend):
    client.send(GET * 20)
    for _ in range(20):
        assert client.until(b"\r\n\r\nok").startswith(b"HTTP/1.1 200 OK")


def test_the_backends_connection_is_used_again(client, backend):
    connections = []
    answer = backend.serve
    backend.serve = lambda connection: (connections.append(1), answer(connection))
    for _ in range(5):
        client.send(GET).until(b"ok")
    # Health checks connect too, and send nothing.
    assert 5 == len(backend.seen)
    assert len(connections) < 5


def test_a_client_of_http_1_0_gets_one_answer_and_the_end(client, backend):
    said = client.send(b"GET / HTTP/1.0\r\n\r\n").rest()
    assert said.endswith(b"\r\n\r\nok")
    assert b"Connection: close" in said


def test_a_client_of_http_1_0_may_keep_its_connection(client, backend):
    for _ in range(2):
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"Connection: keep-alive" in client.until(b"ok")


def test_head_has_the_length_and_no_body(client, backend):
    backend.serve = lambda c: backend.answer(c, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    for _ in range(2):
        said = client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").until(b"\r\n\r\n")
        assert b"Content-Length: 99" in said


def test_chunks_and_trailers_pass_in_both_directions(client, backend):
    body = b"5;x=y\r\nhello\r\n0\r\nDigest: abc\r\n\r\n"
    got = []

    def serve(connection):
        _, rest = backend.head(connection)
        while not rest.endswith(b"\r\n\r\n"):
            rest += connection.recv(100)
        got.append(rest)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)

    backend.serve = serve
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for byte in body:
        client.send(bytes([byte]))
    said = client.until(b"abc\r\n\r\n")
    assert [body] == got
    assert said.endswith(b"\r\n\r\n" + body)


def test_chunks_are_unwrapped_for_a_client_of_http_1_0(client, backend):
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    backend.serve = lambda c: backend.answer(c, said)
    got = client.send(b"GET / HTTP/1.0\r\n\r\n").rest()
    assert got.endswith(b"\r\n\r\nabc")
    assert b"chunked" not in got


def test_an_answer_that_ends_with_its_connection_ends_the_clients(client, backend):
    def serve(connection):
        backend.head(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")

    backend.serve = serve
    assert client.send(GET).rest().endswith(b"\r\n\r\nuntil the end")


def test_a_client_that_waits_for_100_continue_gets_the_backends(client, backend):
    def serve(connection):
        backend.head(connection)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert b"body" == connection.recv(4)
        connection.sendall(OK)

    backend.serve = serve
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert b"HTTP/1.1 100 Continue\r\n\r\n" == client.until(b"\r\n\r\n")
    assert client.send(b"body").until(b"ok").startswith(b"HTTP/1.1 200 OK")


def test_an_upgraded_connection_is_a_tunnel_with_two_ends(client, backend):
    def serve(connection):
        backend.head(connection)
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhi"
        )
        while data := connection.recv(100):
            connection.sendall(data.upper())
        connection.sendall(b"bye")

    backend.serve = serve
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    assert b"Upgrade: echo" in client.until(b"\nhi")
    assert b"ABC" == client.send(b"abc").until(b"C")
    client.socket.shutdown(socket.SHUT_WR)
    assert b"bye" == client.rest()
    assert "Connection: Upgrade" in backend.seen[-1]


def test_what_a_client_says_before_its_tunnel_is_open_goes_into_it(client, backend):
    opened = threading.Event()

    def serve(connection):
        _, early = backend.head(connection)
        opened.wait(10)
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"
        )
        while data := early or connection.recv(100):
            connection.sendall(data.upper())
            early = b""

    backend.serve = serve
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
    opened.set()
    client.until(b"\r\n\r\n")
    assert b"EARLY ABC" == client.send(b"abc").until(b"C")


@pytest.fixture
def few_files():
    """Begin with few open files, as on a desktop, and then allow ourselves more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 1024), before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_many_clients_that_say_nothing_keep_nobody_waiting(tmp_path, few_files):
    backend = Backend()
    with started(tmp_path, HealthCheck(path="")) as router, ExitStack() as silent:
        router.register("g", backend.endpoint)
        few_files()
        for _ in range(400):
            made = Client(router.front).send(b"G")
            silent.enter_context(closing(made.socket))
        late = Client(router.front)
        silent.enter_context(closing(late.socket))
        assert b"ok" == late.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").until(b"ok")[-2:]


def test_a_head_has_its_time_as_a_whole(proxy):
    """Byte by byte, it would else hold its connection as long as it likes."""
    now, said = [0.0], []
    loop = SimpleNamespace(time=lambda: now[0], call_later=lambda *_: None)
    slow = wire.Client(SimpleNamespace(loop=loop, clients=set()), "web", 80)
    slow.connection_made(Transport(said))
    for character in b"GET / HTTP/1.1\r\nA: bcdefgh":
        slow.data_received(bytes([character]))
        now[0] += 5
    assert 0.0 == slow.active_at
    slow.expired()
    assert b"".join(said).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


class Transport(asyncio.Transport):
    def __init__(self, said):
        super().__init__()
        self.write, self.is_closing, self.can_write_eof = said.append, bool, bool

    def get_extra_info(self, name, default=None):
        return default


def test_large_bodies_pass_whole_however_slow_either_side_is(client, backend):
    got = []

    def serve(connection):
        _, rest = backend.head(connection)
        count = len(rest)
        time.sleep(0.2)
        while count < BIG:
            count += len(connection.recv(1 << 20))
        got.append(count)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + b"y" * BIG)

    backend.serve = serve
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % BIG)
    client.send(b"x" * BIG)
    time.sleep(0.3)
    head = client.until(b"\r\n\r\n")
    count = 0
    while count < BIG:
        count += len(client.socket.recv(1 << 20))
    assert [BIG] == got
    assert f"Content-Length: {BIG}".encode() in head


def test_an_answer_before_the_body_is_whole_reaches_the_client(client, backend):
    def serve(connection):
        backend.head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")

    backend.serve = serve
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
    said = client.rest()
    assert said.startswith(b"HTTP/1.1 413")
    assert b"Connection: close" in said


def test_a_request_that_got_no_answer_is_asked_again_elsewhere(proxy, client, backend):
    other = Backend()
    backend.serve = backend.head
    other.serve = other.answer
    proxy.register("g", other.endpoint)
    while len(proxy.healthy("g")) < 2:
        time.sleep(0.02)
    for _ in range(4):
        client.send(GET).until(b"ok")
    assert 4 == len(other.seen)
    assert backend.seen
    other.listener.close()
    proxy.deregister("g", other.endpoint, drain=timedelta())


def test_a_request_that_may_have_been_carried_out_is_not_asked_again(client, backend):
    backend.serve = backend.head
    said = client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").rest()
    assert said.startswith(b"HTTP/1.1 502")
    assert 1 == len(backend.seen)


def test_a_client_sees_that_an_answer_is_not_whole(client, backend):
    def serve(connection):
        backend.head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    backend.serve = serve
    assert client.send(GET).rest().endswith(b"Content-Length: 10\r\n\r\nhalf")


def test_bad_requests_are_answered_and_reach_nobody(proxy, backend):
    for request, status in (
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70000 + b"\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n", b"400"),
    ):
        client = Client(proxy.front)
        assert client.send(request).rest().startswith(b"HTTP/1.1 " + status)
        client.socket.close()
    assert not any("Host :" in head for head in backend.seen)


def test_without_a_target_there_is_no_service(proxy):
    client = Client(proxy.front)
    assert client.send(GET).rest().startswith(b"HTTP/1.1 503")
    client.socket.close()


def test_a_request_that_finds_nobody_waits_for_the_version_that_gets_the_traffic(
    proxy, client, backend
):
    other = Backend()
    proxy.register("h", other.endpoint)
    while not proxy.healthy("h"):
        time.sleep(0.02)
    backend.die()
    client.send(GET)
    time.sleep(0.3)
    proxy.set_weights("web", {"g": 0, "h": 100})
    assert client.until(b"\r\n\r\nok").startswith(b"HTTP/1.1 200 OK")
    proxy.set_weights("web", {"g": 100, "h": 0})
    proxy.deregister("h", other.endpoint, drain=timedelta())
    other.listener.close()


def test_a_request_that_every_backend_refuses_to_answer_is_not_sent_for_ever(client, backend):
    backend.serve = backend.head
    assert client.send(GET).rest().startswith(b"HTTP/1.1 502")
    assert 1 < len(backend.seen) <= 4


def test_a_kept_connection_that_breaks_has_its_target_checked_at_once(tmp_path):
    open_ones, backend = [], Backend()

    def serve(connection):
        open_ones.append(connection)
        backend.answer(connection)

    backend.serve = serve
    with started(tmp_path, HealthCheck(path="", interval=timedelta(hours=1))) as router:
        router.register("g", backend.endpoint)
        until(lambda: router.healthy("g"), "the check that begins")
        client = Client(router.front)
        client.send(GET).until(b"ok")
        client.socket.close()
        backend.die()
        for connection in open_ones:
            with suppress(OSError):  # of a health check that is over
                connection.shutdown(socket.SHUT_RDWR)
        until(lambda: not router.healthy("g"), "the check long before its time")


def test_each_request_is_in_the_log(proxy, client, backend):
    client.send(b"GET /logged HTTP/1.1\r\nHost: a\r\n\r\n").until(b"ok")
    log = proxy.home / "routers" / "wire" / "access.jsonl"
    until(lambda: '"/logged"' in log.read_text(), "the line of the request")
    lines = log.read_text().splitlines()
    found = [line for line in map(json.loads, lines) if line["target"] == "/logged"]
    assert [(200, "g", str(backend.endpoint))] == [
        (line["status"], line["group"], line["endpoint"]) for line in found
    ]
    assert 0 < found[0]["milliseconds"] < 5000


def test_who_asks_without_reading_is_answered_once_he_reads(proxy, client, backend):
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"z" * 1000000
    backend.serve = lambda connection: backend.answer(connection, big)
    client.send(GET * 30)
    time.sleep(0.5)
    assert len(backend.seen) < 30
    for _ in range(30):
        client.until(b"\r\n\r\n")
        left = 1000000
        while left:
            left -= len(client.socket.recv(min(left, 65536)))
    assert 30 == len(backend.seen)
