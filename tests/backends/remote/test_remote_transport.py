import datetime as dt
import json
import os
import socket
import ssl
import threading
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from cicd.backends import docker_images
from cicd.backends.docker_engine import Engine
from cicd.backends.remote import ssh, tls
from cicd.errors import Unavailable

PONG = b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch, tmp_path):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def engine():
    """Serve pongs, encrypted where a context is given; gives the port."""
    servers = []

    def serve(context=None):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run():
            while True:
                try:
                    connection, _ = server.accept()
                    if context is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                    with connection:
                        connection.recv(65536)
                        connection.sendall(PONG)
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=run, daemon=True).start()
        return server.getsockname()[1]

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def certificates(tmp_path):
    """Make a directory as the docker client keeps one, for 127.0.0.1."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def make(name):
        directory = tmp_path / name
        directory.mkdir(parents=True)
        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(own)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        text = made.public_bytes(serialization.Encoding.PEM)
        (directory / "ca.pem").write_bytes(text)
        (directory / "cert.pem").write_bytes(text)
        (directory / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return directory

    return make


def served(directory, *, asks=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(directory / "ca.pem")
    return context


def test_an_engine_answers_by_tcp(engine):
    Engine(f"tcp://127.0.0.1:{engine()}").ping()


def test_a_port_without_an_engine_says_why():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unavailable, match=r"no Docker engine answers .*: Connection refused"):
        Engine(f"tcp://127.0.0.1:{port}").ping()


def test_both_sides_show_their_certificates(engine, certificates, monkeypatch):
    directory = certificates("one")
    url = f"tcp://127.0.0.1:{engine(served(directory, asks=True))}"
    monkeypatch.setenv("DOCKER_HOST", url)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(directory))
    Engine(url).ping()


def test_a_certificate_that_nobody_vouches_for_is_said(engine, certificates, monkeypatch):
    url = f"tcp://127.0.0.1:{engine(served(certificates('theirs')))}"
    monkeypatch.setenv("DOCKER_HOST", url)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates("ours")))
    with pytest.raises(Unavailable, match="its certificate is not trusted") as caught:
        Engine(url).ping()
    assert "ours" in caught.value.hint


def test_certificates_of_ours_that_the_engine_refuses_are_said(
    engine, certificates, monkeypatch, tmp_path
):
    theirs, ours = certificates("theirs"), certificates("ours")
    (ours / "ca.pem").write_bytes((theirs / "ca.pem").read_bytes())
    url = f"tcp://127.0.0.1:{engine(served(theirs, asks=True))}"
    monkeypatch.setenv("DOCKER_HOST", url)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(ours))
    with pytest.raises(Unavailable, match=r"did not answer: .*(alert|reset|hung up)"):
        Engine(url).ping()


def test_a_context_brings_its_certificates(tmp_path, monkeypatch):
    digest = sha256(b"far").hexdigest()
    meta = tmp_path / "docker" / "contexts" / "meta" / digest
    kept = tmp_path / "docker" / "contexts" / "tls" / digest / "docker"
    for path in (meta, kept):
        path.mkdir(parents=True)
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    for skips in (False, True):
        endpoint = {"Host": "tcp://far:2376", "SkipTLSVerify": skips}
        (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": endpoint}}))
        assert tls.Certificates(directory=kept, verify=not skips) == tls.certificates()


def test_nothing_is_encrypted_unless_asked_for(monkeypatch):
    assert None is tls.certificates()
    monkeypatch.setenv("DOCKER_HOST", "tcp://far:2375")
    assert None is tls.certificates()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ssh://far", "-- far docker system dial-stdio"),
        ("ssh://me@far:2222", "-l me -p 2222 -- far docker system dial-stdio"),
        ("ssh://far/run/d.sock", "-- far docker --host unix:///run/d.sock system dial-stdio"),
    ],
)
def test_ssh_is_told_what_the_docker_client_would_tell_it(url, words):
    assert ["ssh", "-T", "-o", "ConnectTimeout=30", *words.split()] == ssh.command(urlsplit(url))


def ssh_that(tmp_path, monkeypatch, script):
    path = tmp_path / "bin" / "ssh"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")


def test_an_engine_answers_by_ssh(tmp_path, monkeypatch):
    pong = PONG.decode().replace("\r\n", "\\r\\n")
    ssh_that(tmp_path, monkeypatch, f"read -r line; printf '{pong}'")
    Engine("ssh://me@far").ping()


def test_the_last_line_of_an_ssh_that_fails_is_said(tmp_path, monkeypatch):
    ssh_that(tmp_path, monkeypatch, "echo Warning >&2; echo 'Permission denied.' >&2; exit 255")
    with pytest.raises(Unavailable, match=r"ssh://me@far did not answer: Permission denied\.$"):
        Engine("ssh://me@far").ping()


def test_a_machine_without_ssh_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="'ssh', which is not on PATH"):
        Engine("ssh://me@far").ping()


def test_an_image_that_would_have_to_be_pulled_by_ssh_is_said():
    with pytest.raises(Unavailable, match="'a:1' is not on the engine at ssh://far") as caught:
        docker_images.pull(Engine("ssh://far"), "a:1", "", print)
    assert "docker pull a:1" in caught.value.hint
