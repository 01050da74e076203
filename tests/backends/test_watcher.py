import resource
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cicd.backends.watcher import MachineWatcher
from cicd.ports import Probe

WATCHER = MachineWatcher()


POSTED = []


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path[1:]))
        self.end_headers()
        self.wfile.write(b"body")

    def do_POST(self):
        POSTED.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("command", "good", "words"),
    [
        ("echo 3", True, "exit status 0"),
        ("exit 1", False, "exit status 1"),
        ("exit 2", None, "exit status 2"),
        ("kill -9 $$", None, "ended by signal 9"),
        ("not-there", None, "exit status 127, what it names was not found"),
        ("/etc/passwd", None, "exit status 126, what it names cannot be run"),
    ],
)
def test_a_command_says_good_bad_or_nothing_by_its_exit_status(command, good, words):
    reading = WATCHER.look(Probe(command=command))
    assert (good, words) == (reading.good, reading.words)


def test_what_a_command_prints_is_given():
    assert "3\n" == WATCHER.look(Probe(command="echo 3")).text


def test_a_command_that_does_not_end_cannot_be_read():
    reading = WATCHER.look(Probe(command="sleep 60", timeout=1))
    assert (None, "no end after 1 seconds") == (reading.good, reading.words)


def test_a_directory_that_is_gone_cannot_be_read(tmp_path):
    assert WATCHER.look(Probe(command="true", directory=str(tmp_path / "no"))).good is None


@pytest.mark.parametrize(("status", "good"), [(200, True), (404, False), (503, False)])
def test_an_address_is_good_by_its_status(url, status, good):
    reading = WATCHER.look(Probe(url=f"{url}/{status}"))
    assert (good, f"answered {status}") == (reading.good, reading.words)


def test_an_address_that_nobody_serves_is_bad():
    reading = WATCHER.look(Probe(url="http://127.0.0.1:1/", timeout=2))
    assert reading.good is False
    assert reading.words.startswith("no answer: ")


def test_a_subscriber_gets_the_payload_as_it_is(url, tmp_path):
    assert WATCHER.tell(Probe(command="cat > got", directory=str(tmp_path)), '{"a": 1}').good
    assert '{"a": 1}' == (tmp_path / "got").read_text()
    assert WATCHER.tell(Probe(url=url), '{"a": 2}').good
    assert [b'{"a": 2}'] == POSTED


def test_a_file_gets_a_line_an_event_and_says_why_it_cannot(tmp_path):
    probe = Probe(file=str(tmp_path / "events.jsonl"))
    assert WATCHER.tell(probe, "{}").good
    assert WATCHER.tell(probe, "{}").good
    assert "{}\n{}\n" == (tmp_path / "events.jsonl").read_text()
    told = WATCHER.tell(Probe(file=str(tmp_path / "no" / "where")), "{}")
    assert (False, "No such file") == (told.good, told.words.partition(": ")[2][:12])


def test_a_desktop_is_shown_what_happened(tmp_path, monkeypatch):
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/shown\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    event = (
        '{"detail-type": "CodePipeline Stage Execution State Change",'
        ' "source": "aws.codepipeline",'
        ' "detail": {"pipeline": "shop", "stage": "Prod", "state": "FAILED"}}'
    )
    assert WATCHER.tell(Probe(desktop=True), event).good
    shown = (tmp_path / "shown").read_text().splitlines()
    assert ["--urgency=critical", "--", "shop: FAILED", "stage Prod"] == shown[1:]


def test_a_machine_without_a_desktop_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    event = '{"detail-type": "x", "source": "s", "detail": {}}'
    assert "neither notify-send nor osascript" in WATCHER.tell(Probe(desktop=True), event).words


def hostile(behave):
    """Serve whoever comes with ``behave``; gives the URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(client):
        with client, suppress(OSError):
            behave(client.recv(65536), client)

    def serve():
        while True:
            with suppress(OSError):
                client, _ = listener.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def always(piece, begin=b"", pause=0.05):
    def behave(_, client):
        client.sendall(begin)
        while True:
            client.sendall(piece)
            time.sleep(pause)

    return behave


def once(data):
    return lambda _, client: client.sendall(data)


def leading_to(place):
    return once(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize(
    "behave",
    [
        always(b"H"),
        always(b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"),
        always(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0),
    ],
)
def test_an_address_that_answers_without_end_is_bad_when_its_time_is_over(behave):
    began = time.monotonic()
    reading = WATCHER.look(Probe(url=hostile(behave), timeout=1))
    assert (False, "no answer: nothing whole within 1 seconds") == (reading.good, reading.words)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "place",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[::1/", f"http://{'a' * 70}.b/", "/"],
)
def test_an_address_leads_nowhere_but_to_http(place):
    assert WATCHER.look(Probe(url=hostile(leading_to(place)), timeout=5)).good is False


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff" * 1000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_bad_and_said_in_a_line(data):
    reading = WATCHER.look(Probe(url=hostile(once(data)), timeout=5))
    assert (False, True) == (reading.good, reading.words.isprintable())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/é", "http://[::1/", "http://a b/", "http:///"]
)
def test_an_address_that_is_none_is_bad(url):
    assert WATCHER.look(Probe(url=url, timeout=2)).good is False


def test_a_name_and_a_password_go_to_their_server_alone_and_into_no_words():
    heard = []

    def noting(then):
        def behave(request, client):
            heard.append(request)
            then(request, client)

        return behave

    other = hostile(noting(once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))
    url = hostile(noting(leading_to(other))).replace("//", "//ann:hush%20hush@")
    assert WATCHER.look(Probe(url=url)).good
    assert [True, False] == [b"Authorization: Basic YW5uOmh1c2ggaHVzaA==" in h for h in heard]
    assert b"uthorization" not in heard[1]
    for url in ("http://ann:hush@127.0.0.1:1/", "http://ann:hush@127.0.0.1:x/"):
        assert "hush" not in WATCHER.look(Probe(url=url, timeout=2)).words


@pytest.mark.parametrize("command", ["yes", "setsid sleep 30 & sleep 60"])
def test_a_command_that_prints_without_end_or_leaves_somebody_costs_its_time_alone(command):
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    reading = WATCHER.look(Probe(command=command, timeout=1))
    assert (None, "no end after 1 seconds") == (reading.good, reading.words)
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert WATCHER.tell(Probe(command="true"), "x" * 1_000_000).good
