"""Functions in containers: the contract of functions, and what only containers do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

from cicd.backends import docker_container, docker_engine
from cicd.backends.docker_engine import Engine
from cicd.backends.docker_labels import FUNCTION, HOME, home_label
from cicd.backends.functions.container_place import PLACE
from cicd.backends.functions.container_reaping import reap_instances
from cicd.errors import Unavailable
from tests.functions.contract import HANDLER, FunctionContract, told
from tests.functions.world import create, home, invoke

pytestmark = pytest.mark.docker

ROOT = Path(__file__).resolve().parents[2]


def containers(place):
    filters = json.dumps({"label": [f"{HOME}={home_label(place)}", FUNCTION]})
    engine = Engine(docker_engine.endpoint())
    return engine.call("GET", "/containers/json", query={"all": "1", "filters": filters})


@pytest.fixture
def services(tmp_path):
    with home(tmp_path) as services:
        yield services
    assert [] == containers(tmp_path / ".cicd")


class TestContainers(FunctionContract):
    held: ClassVar = {"runner": "docker", "image": "cicd-test:latest", "runtime": "python3.11"}

    @pytest.fixture(autouse=True)
    def image(self, docker_image, monkeypatch):
        monkeypatch.setattr(type(self), "held", {**self.held, "image": docker_image})

    def node(self):
        return "nodejs20.x"


def test_the_table_says_which_image_stands_for_a_runtime(
    services, docker_image, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cicd.yml").write_text(f"local: {{images: {{python3.11: '{docker_image}'}}}}")
    functions = create(services, "fn", HANDLER, runner="docker", runtime="python3.11", timeout=20)
    answer = told(invoke(functions, "fn"))
    assert ("/var/task", "/tmp") == (answer["env"]["LAMBDA_TASK_ROOT"], answer["env"]["HOME"])
    (tmp_path / "cicd.yml").write_text("local: {images: {python3.11: 'nowhere.invalid/none:1'}}")
    create(services, "other", HANDLER, runner="docker", runtime="python3.11")
    with pytest.raises(
        Unavailable, match=r"'nowhere\.invalid/none:1', which stands in for 'python3\.11'"
    ):
        invoke(functions, "other")


def test_an_image_without_the_runtime_is_said_with_its_own_words(services, docker_image):
    functions = create(
        services, "fn", HANDLER, runner="docker", image=docker_image, runtime="python3.3"
    )
    with pytest.raises(Unavailable, match=r"no instance of the function started .*python3\.3"):
        invoke(functions, "fn")


def test_boto3_reaches_the_calls_of_this_machine_and_the_code_cannot_be_changed(
    services, docker_image
):
    source = """
import os, urllib.request
def handler(event, context):
    try:
        open("app.py", "a")
    except OSError as refused:
        said = type(refused).__name__
    url = os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions/"
    return [said, urllib.request.urlopen(url).status]
"""
    functions = create(
        services, "fn", source, runner="docker", image=docker_image, runtime="python3.11"
    )
    assert ["OSError", 200] == told(invoke(functions, "fn"))


KILLED = """
import os, sys
from pathlib import Path
from tests.functions.world import create, home, invoke
source = "def handler(event, context): return 1"
with home(Path(sys.argv[1])) as services:
    functions = create(services, "fn", source, runner="docker", image=sys.argv[2],
                       runtime="python3.11", timeout=20)
    invoke(functions, "fn")
    print("there", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_leaves_is_removed_and_what_lives_stays(tmp_path, docker_image):
    place = tmp_path / ".cicd"
    process = subprocess.Popen(
        (sys.executable, "-c", KILLED, str(tmp_path), docker_image),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "there" == process.stdout.readline().strip()
        assert [] == reap_instances(place)
        assert 1 == len(containers(place))
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    until = time.monotonic() + 20
    while time.monotonic() < until and containers(place)[0]["State"] == "running":
        time.sleep(0.05)
    assert "exited" == containers(place)[0]["State"]  # the runtime met the end of its socket
    assert 1 == len(reap_instances(place))
    assert [] == containers(place)


def test_a_container_cannot_have_a_directory_removed_that_is_none_of_ours(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    place = tmp_path / ".cicd"
    engine = Engine(docker_engine.endpoint())
    labels = {HOME: home_label(place), FUNCTION: "f", PLACE: str(precious)}
    made = engine.call("POST", "/containers/create", {"Image": "cicd-test", "Labels": labels})
    try:
        assert [] == reap_instances(place)
        assert precious.exists()
    finally:
        docker_container.remove(engine, made["Id"])
