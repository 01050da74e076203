"""What dead runs left behind is cleared away by the next build, as far as nobody can want it."""

import json
import subprocess

import pytest

from cicd.build.compute.place import Place
from cicd.build.request import environment_of
from cicd.cli.leftovers import clear_leftovers
from cicd.settings import Settings
from cicd.wiring import make_services
from tests.cli.killed import Outside

SPEC = "version: 0.2\nphases: {build: {commands: ['true']}}\n"


@pytest.fixture
def services(tmp_path):
    with make_services(Settings(home=tmp_path / ".cicd"), reporters=()) as made:
        yield made


def left(services, tmp_path, name, status, runner="host", image=""):
    """Leave the session of a build that stands at ``status``; None: nobody knows it."""
    source = tmp_path / "app"
    source.mkdir(exist_ok=True)
    environment = environment_of(
        image, image, [("", source)], Place(), privileged=False, hidden=()
    )
    stream = f"build/app:{name}"
    services.runner(runner).open(name, environment, stream=stream)
    if status is not None:
        services.executions.submit(
            stream, kind="build", name="app", status=status, parent=None, at=services.clock.now()
        )


def sessions(services):
    return sorted(path.name for path in (services.home / "sessions").iterdir())


def test_the_next_build_clears_the_sessions_of_builds_that_are_over(services, tmp_path):
    (tmp_path / "buildspec.yml").write_text(SPEC)
    for name, status in (("over", "FAULT"), ("unfinished", "IN_PROGRESS"), ("new", None)):
        left(services, tmp_path, name, status)
    assert 0 == Outside(tmp_path).run("build", "--runner", "host")[0]
    assert ["new", "unfinished"] == sessions(services)
    services.runner("host").reap(lambda stream: False)


@pytest.mark.docker
def test_a_container_that_was_killed_leaves_nothing_once_its_build_is_over(
    services, tmp_path, docker_image
):
    left(services, tmp_path, services.new_id(), "FAULT", "docker", docker_image)
    (name,) = sessions(services)
    listed = ["docker", "ps", "-q", "--filter", f"label=cicd.session={name}"]
    for container in subprocess.run(
        listed, capture_output=True, text=True, check=True
    ).stdout.split():
        subprocess.run(["docker", "kill", container], capture_output=True, check=True)
    clear_leftovers(services)
    assert [] == sessions(services)


def test_an_engine_that_does_not_answer_stops_nothing(services, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    left(services, tmp_path, "over", "FAULT")
    path = services.home / "sessions" / "over" / "session.json"
    ours = path.read_text()
    theirs = {**json.loads(ours), "runner": "docker", "state": {"container": "cicd-none"}}
    path.write_text(json.dumps(theirs))
    clear_leftovers(services)
    assert ["over"] == sessions(services)
    path.write_text(ours)
    clear_leftovers(services)
    assert [] == sessions(services)
