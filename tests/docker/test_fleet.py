"""Fleets of containers."""

import json
import subprocess
import sys

import pytest

from cicd.backends import docker_engine
from cicd.backends.docker_engine import Engine
from cicd.backends.fleet.containers import FLEET, ContainerMachines
from cicd.errors import Unavailable
from cicd.ports import MachineOrder, TargetKind, TargetSpec

pytestmark = pytest.mark.docker


@pytest.fixture
def machines(docker_image, tmp_path):
    made = ContainerMachines(tmp_path / "home")
    yield made
    for stray in made.strays(lambda _fleet, _member: False):
        made.remove(stray)


def order(image, name="box-1", **options):
    target = TargetSpec(
        id=name, kind=TargetKind.CONTAINER, location=f"cicd-test-{name}", fleet="box"
    )
    return MachineOrder(target=target, image=image, **options)


def test_a_member_is_found_again_by_its_labels_and_removed(machines, docker_image):
    made = machines.make(order(docker_image, port=80, labels={"env": "prod"}))
    assert made.endpoint.startswith("http://127.0.0.1:")
    assert machines.runs(made)
    engine = Engine(docker_engine.endpoint())
    labels = engine.find(f"/containers/{made.location}/json")["Config"]["Labels"]
    assert (labels["env"], labels[FLEET]) == ("prod", "box")
    asked = []
    assert machines.strays(lambda *found: asked.append(found) or True) == ()
    assert asked == [("box", "box-1")]
    machines.remove(made)
    machines.remove(made)
    assert not machines.runs(made)


def test_an_image_that_is_not_there_is_said(machines, docker_image):
    with pytest.raises(Unavailable, match="cicd-no-such-image"):
        machines.make(order("cicd-no-such-image:latest"))
    assert not machines.runs(order(docker_image).target)


def test_a_fleet_of_containers_is_deployed_to_and_a_new_member_gets_the_revision(
    tmp_path, docker_image
):
    (tmp_path / "app").write_text("hello")
    (tmp_path / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles: [{source: app, destination: /srv}]\n"
    )
    (tmp_path / "cicd.yml").write_text(
        "applications: [{applicationName: shop, deploymentGroups: "
        "[{deploymentGroupName: web, autoScalingGroups: [box]}]}]\n"
    )

    def cicd(*words):
        command = [sys.executable, "-m", "cicd", *words, "--home", str(tmp_path / ".cicd")]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    up = cicd("fleet", "up", "box", "--image", docker_image)
    try:
        assert up.returncode == 0, up.stderr
        deployed = cicd("deploy", str(tmp_path))
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        scaled = cicd("fleet", "scale", "box", "2")
        assert scaled.returncode == 0, scaled.stdout + scaled.stderr
        shown = json.loads(cicd("fleet", "show", "box", "--output", "json").stdout)
        place = shown["Instances"][1]["Local"]["location"]
        inside = subprocess.run(
            ["docker", "exec", place, "cat", "/srv/app"], capture_output=True, check=False
        )
        assert inside.stdout == b"hello"
    finally:
        down = cicd("fleet", "down", "box")
    assert down.returncode == 0, down.stderr
    assert json.loads(cicd("fleet", "list", "--output", "json").stdout) == {
        "AutoScalingGroups": []
    }
