"""Whatever becomes of the engine in the middle of a build, the build ends, and says why."""

import threading
import time
from types import SimpleNamespace

import pytest

from cicd.backends.docker_engine import Engine
from cicd.build.compute.kinds import Size
from cicd.build.project import Project, ProjectEnvironment
from cicd.build.request import BuildRequest
from cicd.build.run import run_build
from cicd.settings import Settings
from cicd.testing.contracts_session import left_in
from cicd.testing.fakes import RecordingReporter
from cicd.wiring import make_services
from tests.docker.own_engine import IMAGE, OwnEngine, need_own_engine

pytestmark = pytest.mark.docker
PATIENCE = 30.0  # seconds


@pytest.fixture(scope="module")
def own(docker_image):
    need_own_engine()
    engine = OwnEngine()
    engine.start()
    engine.load()
    yield engine
    engine.remove()


class Waiting(RecordingReporter):
    """Notes a moment: when a command has written "begun"."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()

    def block(self, stream, block):
        super().block(stream, block)
        if any("begun" in line.text for line in block.lines()):
            self.begun.set()


@pytest.fixture
def build(own, tmp_path, monkeypatch):
    """Run commands on the test's own engine; do something to it once one has begun."""
    monkeypatch.setenv("DOCKER_HOST", own.url)
    source = tmp_path / "app"
    source.mkdir()

    def run(*commands, then=lambda: None, size=None):
        listed = "".join(f"      - {command}\n" for command in commands)
        text = f"version: 0.2\nphases:\n  build:\n    commands:\n{listed}"
        (source / "buildspec.yml").write_text(text)
        reporter = Waiting()

        def act():
            if reporter.begun.wait(PATIENCE):
                then()

        thread = threading.Thread(target=act)
        thread.start()
        environment = ProjectEnvironment(size=size)
        request = BuildRequest(
            source=source, project=Project(name="app", environment=environment), image=IMAGE
        )
        began = time.monotonic()
        home = tmp_path / ".cicd"
        with make_services(Settings(home=home), reporters=(reporter,)) as services:
            result = run_build(request, services)
        took = time.monotonic() - began
        reporter.begun.set()
        thread.join(PATIENCE)
        return SimpleNamespace(
            result=result, failure=result.failure, took=took, left=left_in(home)
        )

    return run


def containers(own):
    return Engine(own.url).call("GET", "/containers/json", query={"all": "1"})


def gone(own):
    deadline = time.monotonic() + PATIENCE
    while containers(own):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_container_that_is_removed_from_outside(own, build):
    def remove():
        (found,) = containers(own)
        Engine(own.url).call("DELETE", f"/containers/{found['Id']}", query={"force": "1"})

    done = build("echo begun; sleep 60", then=remove)
    assert ("FAULT", "BUILD") == (done.result.status, done.failure.phase)
    assert "Build container found dead before completing the build." == done.failure.message
    assert "killed or removed from outside" in done.failure.hint
    assert [] == done.left
    gone(own)


def test_a_command_whose_memory_ran_out(own, build):
    done = build(
        "a=0123456789; while :; do a=$a$a; done; echo never", size=Size(memory=48 * 1024 * 1024)
    )
    assert ("FAILED", "BUILD") == (done.result.status, done.failure.phase)
    assert "exit status 137" in done.failure.message
    assert "the build's memory of 0.0469 GiB ran out" in done.failure.hint
    assert "computeType" in done.failure.hint
    gone(own)


def test_an_image_that_vanishes_under_a_build(own, build):
    def vanish():
        Engine(own.url).call("DELETE", f"/images/{IMAGE}", query={"force": "1"})

    try:
        done = build("echo begun; sleep 0.5", "echo on >f; cat f", then=vanish)
        assert ("SUCCEEDED", []) == (done.result.status, done.left)
        assert None is Engine(own.url).find(f"/images/{IMAGE}/json")
        gone(own)
    finally:
        own.load()


def test_an_engine_that_is_started_anew(own, build):
    def restart():
        own.stop()
        own.start()

    done = build("echo begun; sleep 60", then=restart)
    assert "FAULT" == done.result.status
    assert done.took < PATIENCE


def test_an_engine_that_is_killed(own, build):
    done = build("echo begun; sleep 60", then=own.kill)
    assert ("FAULT", "BUILD") == (done.result.status, done.failure.phase)
    assert f"no Docker engine answers at {own.url}" == done.failure.message
    assert done.took < PATIENCE
