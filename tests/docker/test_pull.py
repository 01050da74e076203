"""Pulls from a registry of the test's own: with a password, and without."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest

from cicd.backends import docker_engine, docker_images
from cicd.backends.docker_engine import Engine
from cicd.backends.runner_docker import DockerRunner
from cicd.errors import Unavailable
from cicd.ports import Environment, Exit
from cicd.testing.contracts_session import run
from tests.absent import absent
from tests.docker.small import small_image

pytestmark = pytest.mark.docker

# "tester" with the password "secret", in bcrypt, the only form that the registry reads.
PASSWORDS = "tester:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"

SETTINGS = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {data}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
{auth}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory, docker_image):
    """Serve one image: openly at ``open``, to who has the password at ``closed``."""
    if shutil.which("docker-registry") is None:
        absent("there is no docker-registry on PATH")
    place = tmp_path_factory.mktemp("registry")
    (place / "passwords").write_text(PASSWORDS)
    guard = f"auth: {{htpasswd: {{realm: test, path: {place}/passwords}}}}"
    nowhere = subprocess.DEVNULL
    ports, processes = [free_port(), free_port()], []
    engine = Engine(docker_engine.endpoint())
    made = f"127.0.0.1:{ports[0]}/app"
    try:
        for port, auth in zip(ports, ("", guard), strict=True):
            (place / f"{port}.yml").write_text(
                SETTINGS.format(data=place / "data", port=port, auth=auth)
            )
            command = ["docker-registry", "serve", str(place / f"{port}.yml")]
            processes.append(subprocess.Popen(command, stdout=nowhere, stderr=nowhere))
            answers(port)
        digest = push_small(made)
        yield SimpleNamespace(
            open=f"127.0.0.1:{ports[0]}", closed=f"127.0.0.1:{ports[1]}", digest=digest
        )
    finally:
        for process in processes:
            process.terminate()
            process.wait()
        for port in ports:
            forget(engine, f"127.0.0.1:{port}/app:1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def push_small(name):
    """Push a small image; give its digest."""
    import docker

    client = docker.APIClient(base_url=docker_engine.endpoint())
    client.import_image_from_data(small_image(), name, "1")
    pushed = client.push(name, "1", stream=True, decode=True)
    (digest,) = (step["aux"]["Digest"] for step in pushed if "aux" in step)
    client.remove_image(f"{name}:1", force=True)
    client.close()
    return digest


def forget(engine, name):
    if docker_images.look(engine, name) is not None:
        engine.call("DELETE", f"/images/{name}", query={"force": "1"})


@pytest.fixture
def engine(docker_image):
    return Engine(docker_engine.endpoint())


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Be Docker's configuration, in the test's own directory."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return lambda written: (tmp_path / "config.json").write_text(json.dumps(written))


def opened(home, image, lines):
    """Open a session in an image; give what its shell says."""
    session = DockerRunner(home).open("p", Environment(image=image), stream="s", say=lines.append)
    try:
        return run(session, "echo ran")
    finally:
        session.close()


def test_an_image_is_pulled_with_a_word_about_it_and_used(registry, engine, tmp_path):
    image, lines = f"{registry.open}/app:1", []
    try:
        assert (Exit(status=0), b"ran\n") == opened(tmp_path, image, lines)
        assert [f"Pulling image {image}", f"Pulled image {image}: 1 layer, 2 MB"] == [
            re.sub(r"\d+ MB", "2 MB", line) for line in lines
        ]
        assert (Exit(status=0), b"ran\n") == opened(tmp_path, image, lines)
        assert 2 == len(lines)
    finally:
        forget(engine, image)


def test_a_digest_names_an_image(registry, engine, tmp_path):
    image = f"{registry.open}/app@{registry.digest}"
    try:
        assert (Exit(status=0), b"ran\n") == opened(tmp_path, image, [])
    finally:
        forget(engine, image)


@pytest.mark.parametrize(
    ("image", "hint"),
    [
        ("app:2", "check the name and its tag"),
        ("app@sha256:" + "0" * 64, "check the name and its tag or digest"),
        ("none:1", "check the name"),
    ],
)
def test_what_the_registry_does_not_have_is_said(registry, tmp_path, image, hint):
    image = f"{registry.open}/{image}"
    with pytest.raises(Unavailable) as caught:
        opened(tmp_path, image, [])
    assert caught.value.message.startswith(
        f"image '{image}' is not on this machine and cannot be pulled: "
    )
    assert hint in caught.value.hint
    assert "cicd images set" in caught.value.hint


def test_without_the_password_nothing_is_pulled(registry, tmp_path, config):
    config({})
    with pytest.raises(Unavailable, match="no basic auth credentials") as caught:
        opened(tmp_path, f"{registry.closed}/app:1", [])
    assert "`docker login`" in caught.value.hint


def test_what_docker_login_has_written_opens_the_registry(registry, engine, tmp_path, config):
    words = base64.b64encode(b"tester:secret").decode()
    config({"auths": {registry.closed: {"auth": words}}})
    image = f"{registry.closed}/app:1"
    try:
        assert (Exit(status=0), b"ran\n") == opened(tmp_path, image, [])
    finally:
        forget(engine, image)


def test_a_credential_helper_opens_the_registry(registry, engine, tmp_path, config, monkeypatch):
    config({"credHelpers": {registry.closed: "cicd-test"}})
    helper = tmp_path / "docker-credential-cicd-test"
    helper.write_text('#!/bin/sh\necho \'{"Username": "tester", "Secret": "secret"}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    image = f"{registry.closed}/app:1"
    try:
        assert (Exit(status=0), b"ran\n") == opened(tmp_path, image, [])
    finally:
        forget(engine, image)


def test_a_credential_helper_that_is_not_there_is_named(registry, tmp_path, config):
    config({"credHelpers": {registry.closed: "no-such"}})
    with pytest.raises(Unavailable, match=r"the credential helper says: .*-no-such") as caught:
        opened(tmp_path, f"{registry.closed}/app:1", [])
    assert "credHelpers" in caught.value.hint
