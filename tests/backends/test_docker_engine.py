import hashlib
import json
import socket
import threading

import pytest

from cicd.backends import docker_engine
from cicd.backends.docker_engine import Engine, Refused
from cicd.errors import Unavailable


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch, tmp_path):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()


@pytest.fixture
def engine(tmp_path):
    """An engine that gives the answers it was given, and remembers what it was asked."""
    asked = []
    answers = []
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "engine.sock"))
    server.listen()

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as request:
                lines = list(iter(request.readline, b"\r\n"))
                lengths = [line for line in lines if line.lower().startswith(b"content-length")]
                request.read(int(lengths[0].split()[1]) if lengths else 0)
                asked.append(lines[0].decode().strip())
                connection.sendall(answers.pop(0))

    threading.Thread(target=serve, daemon=True).start()
    made = Engine(f"unix://{tmp_path}/engine.sock")
    yield made, asked, answers
    server.close()


def answer(status, body="", **headers):
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def test_docker_host_names_the_engine(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/podman.sock")
    assert "unix:///run/podman.sock" == docker_engine.endpoint()


def test_the_current_context_names_the_engine(tmp_path):
    settings = tmp_path / "docker"
    (settings / "config.json").write_text(json.dumps({"currentContext": "colima"}))
    meta = settings / "contexts" / "meta" / hashlib.sha256(b"colima").hexdigest()
    meta.mkdir(parents=True)
    host = {"Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}
    (meta / "meta.json").write_text(json.dumps(host))
    assert "unix:///colima.sock" == docker_engine.endpoint()


def test_a_context_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(Unavailable, match="'nowhere' does not exist"):
        docker_engine.endpoint()


@pytest.mark.parametrize("text", ["", "[]", "{broken", '{"currentContext": 1}'])
def test_odd_settings_are_no_context(tmp_path, text):
    (tmp_path / "docker" / "config.json").write_text(text)
    assert docker_engine.endpoint().startswith("unix://")


@pytest.mark.parametrize("url", ["npipe://x", "tcp://", "there:2375"])
def test_what_names_no_engine_is_refused_with_the_forms_that_do(url):
    with pytest.raises(Unavailable, match="does not name a Docker engine") as caught:
        Engine(url)
    assert "ssh://USER@HOST" in caught.value.hint


def test_only_a_socket_of_this_machine_is_not_remote():
    urls = ("unix:///x", "tcp://127.0.0.1:2375", "ssh://me@there")
    assert [False, True, True] == [Engine(url).remote for url in urls]


def test_no_engine_is_said_with_a_way_on(tmp_path):
    with pytest.raises(Unavailable, match="no Docker engine answers at unix://") as caught:
        Engine(f"unix://{tmp_path}/none.sock").ping()
    assert "--runner sandbox" in caught.value.hint


def test_a_file_that_is_no_engine_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="no Docker engine answers"):
        Engine(f"unix://{tmp_path}/file").ping()


@pytest.mark.parametrize(
    ("offered", "spoken"), [("1.41", "v1.41"), ("1.9", "v1.9"), ("1.99", "v1.47")]
)
def test_the_older_of_both_versions_is_spoken(engine, offered, spoken):
    made, asked, answers = engine
    answers += [answer(200, "OK", Api_Version=offered), answer(200, '{"Id": "x"}')]
    assert {"Id": "x"} == made.call("GET", "/containers/x/json")
    assert ["GET /_ping HTTP/1.0", f"GET /{spoken}/containers/x/json HTTP/1.0"] == asked


def test_a_refusal_carries_the_words_of_the_engine(engine):
    made, _, answers = engine
    answers += [answer(200, "OK"), answer(409, '{"message": "name is taken"}')]
    with pytest.raises(Refused) as caught:
        made.call("POST", "/containers/create", {})
    assert (409, "name is taken") == (caught.value.status, caught.value.message)


def test_what_does_not_exist_is_none(engine):
    made, _, answers = engine
    answers += [answer(200, "OK"), answer(404, '{"message": "no such image"}')]
    assert None is made.find("/images/x/json")


def test_an_engine_that_hangs_up_is_unavailable(engine):
    made, _, answers = engine
    answers += [b""]
    with pytest.raises(Unavailable, match="did not answer"):
        made.ping()
