"""A rolling update of real containers, under the load of a second process."""

import json
import socket
import sys

import pytest

from cicd.backends.services.containers import ContainerTaskSets
from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.docker.test_services import SERVER, Load
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage

pytestmark = pytest.mark.docker

CICD = """
services:
  - serviceName: web
    cluster: local
    taskDefinition: taskdef.json
    desiredCount: 2
    deploymentConfiguration:
      minimumHealthyPercent: 50
      maximumPercent: 100
      deploymentCircuitBreaker: {{enable: true, rollback: true}}
    loadBalancers: [{{targetGroupArn: tasks, containerName: web, containerPort: 8000}}]
local:
  services:
    web: {{port: {port}, deregistrationDelay: 5}}
"""


class World:
    def __init__(self, root, image):
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        git(root, "init", "-q", "-b", "main", ".")
        ship = action(
            "Ship",
            "Deploy/AWS/ECS",
            configuration={"ClusterName": "local", "ServiceName": "web"},
            takes="code",
        )
        document = {"pipeline": pipeline(SOURCE_STAGE, stage("Deploy", ship))}
        (root / "pipeline.json").write_text(json.dumps(document))
        (root / "cicd.yml").write_text(CICD.format(port=self.port))
        images = [{"name": "web", "imageUri": image}]
        (root / "imagedefinitions.json").write_text(json.dumps(images))
        (root / ".gitignore").write_text(".cicd\n*.jsonl\n")

    def version(self, name, command=None):
        web = {
            "name": "web",
            "image": "will-be-replaced",
            "portMappings": [{"containerPort": 8000}],
            "environment": [{"name": "VERSION", "value": name}],
            "command": command or ["python3", "-c", SERVER],
        }
        text = json.dumps({"family": "web", "containerDefinitions": [web]})
        (self.root / "taskdef.json").write_text(text)
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", name)

    def deploy(self):
        home = str(self.root / ".cicd")
        return run(cicd, ("pipeline", "run", "--output", "plain", "--home", home))


@pytest.fixture
def world(tmp_path, docker_image, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = World(tmp_path, docker_image)
    yield made
    run(cicd, ("router", "stop", "--home", str(tmp_path / ".cicd")))
    sets = ContainerTaskSets(tmp_path / ".cicd")
    for each in sets.known("local/web"):
        sets.remove("local/web", each)


def test_tasks_are_replaced_and_no_request_fails_and_a_bad_version_is_undone(
    world, tmp_path, capsys
):
    world.version("v1")
    assert 0 == world.deploy(), capsys.readouterr()
    load = Load(tmp_path, world.port)
    try:
        world.version("v2")
        assert 0 == world.deploy(), capsys.readouterr()
        load.more()
        world.version("v3", [sys.executable.rpartition("/")[2], "-c", "raise SystemExit(3)"])
        assert 1 == world.deploy()
        counts = load.stop()
    finally:
        load.process.kill()
        load.process.wait()
    assert {"v1", "v2"} == set(counts)
    assert "v2" == load.answers[-1][1]
    said = "".join(capsys.readouterr())
    assert "ECS deployment circuit breaker was triggered" in said
    assert "rolled back to revision 2" in said
