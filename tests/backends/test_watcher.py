import threading
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
