"""Whatever answers on HAProxy's socket: nothing of it is believed that HAProxy would not say."""

import socket
import threading
from contextlib import closing

import pytest

from cicd.backends.proxy.table import load_table
from cicd.backends.traffic.haproxy_config import SOCKET, servers
from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.router_state import remember
from cicd.errors import Unavailable
from cicd.ports import Endpoint, RouterSpec, RouteSpec

HEAD = "# pxname,svname,scur,status,check_status,hrsp_2xx,stot\n"


@pytest.fixture
def answering(tmp_path):
    """Answer every command with the same bytes."""
    directory = tmp_path / "web"
    listen = Endpoint(host="127.0.0.1", port=1)
    spec = RouterSpec(
        name="web", routes=(RouteSpec(name="r", listen=listen, weights=(("g", 1),)),)
    )
    directory.mkdir()
    remember(directory, spec)
    table = load_table(directory)
    table.group("g").register(Endpoint(host="127.0.0.1", port=2))
    table.save(directory)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(directory / SOCKET))
    listener.listen()
    said = []

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with closing(client):
                client.recv(4096)
                client.sendall(said[0])

    threading.Thread(target=serve, daemon=True).start()

    def answer(data):
        said[:] = [data]
        return RunningHAProxy(directory)

    yield answer
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad Request\r\n\r\nno", b"\xff\n\xfe", b"a,b\n1,2"]
)
def test_an_answer_of_somebody_else_is_told_and_nobody_is_ended(answering, data):
    running = answering(data)
    for asks in (running.rows, running.pid, running.stop):
        with pytest.raises(Unavailable, match="is no HAProxy of ours"):
            asks()


@pytest.mark.parametrize("rest", ["", ",", ",x,UP,L7OK,-1", ",1e9,,,,9" + "9" * 5000])
def test_an_answer_that_is_cut_or_odd_counts_nothing(answering, rest):
    running = answering(b"")
    (server,) = servers(load_table(running.directory))
    row = server.full_name.replace("/", ",") + rest
    shown = answering(f"{HEAD}{row}\nPid: 77\n".encode()).show()
    assert 77 == shown["pid"]
    (member,) = shown["groups"]["g"]
    assert (0, 0, {}) == (member["inFlight"], member["requests"], member["statuses"])
