"""Services whose tasks are containers: shifted under the load of a second process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

import pytest

from cicd.backends.services.containers import ContainerTaskSets

pytestmark = pytest.mark.docker

GROUP = """
applications:
  - applicationName: shop
    computePlatform: ECS
    deploymentGroups:
      - deploymentGroupName: web
        deploymentStyle: {{deploymentType: BLUE_GREEN, deploymentOption: WITH_TRAFFIC_CONTROL}}
        ecsServices: [{{serviceName: web}}]
        loadBalancerInfo:
          targetGroupPairInfoList:
            - targetGroups: [{{name: blue}}, {{name: green}}]
              prodTrafficRoute: {{listenerArns: [production]}}
        alarmConfiguration: {{enabled: true, alarms: [{{name: errors}}]}}
        autoRollbackConfiguration:
          enabled: true
          events: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM]
local:
  alarms:
    errors: {{command: "test ! -e bad", period: 1}}
  deploymentGroups:
    web:
      service: {{port: {port}, healthyWithinMinutes: 5, deregistrationDelay: 5}}
"""
APPSPEC = """
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8000}
"""
SERVER = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(os.environ["VERSION"])))
        self.end_headers()
        self.wfile.write(os.environ["VERSION"].encode())
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("", 8000), Answer).serve_forever()
"""
LOAD = """
import http.client, json, sys, time
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
while True:
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        said = answer.read().decode() if answer.status == 200 else str(answer.status)
    except Exception as reason:
        connection.close()
        said = repr(reason)
    print(json.dumps([time.time(), said]), flush=True)
    time.sleep(0.004)
"""


class World:
    """A directory with a service, and ``cicd`` in it."""

    def __init__(self, root, image):
        self.root, self.image = root, image
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (root / "cicd.yml").write_text(GROUP.format(port=self.port))
        (root / "appspec.yml").write_text(APPSPEC)
        self.version("v1")

    def version(self, name, command=None, **more):
        web = {
            "name": "web",
            "image": "<IMAGE1_NAME>",
            "portMappings": [{"containerPort": 8000}],
            "environment": [{"name": "VERSION", "value": name}],
            "command": command or ["python3", "-c", SERVER],
            **more,
        }
        text = json.dumps({"family": "web", "containerDefinitions": [web]})
        (self.root / "taskdef.json").write_text(text)

    def command(self, *words):
        return [sys.executable, "-m", "cicd", *words, "--home", str(self.root / ".cicd")]

    def cicd(self, *words):
        done = subprocess.run(
            self.command(*words), cwd=self.root, capture_output=True, text=True, check=False
        )
        self.said = done.stdout + done.stderr
        return done.returncode

    def deploy(self, *words):
        return self.cicd("deploy", *self.options(*words))

    def options(self, *words):
        return ("--image", f"IMAGE1_NAME={self.image}", *words)

    def wait_for_requests_of(self, group):
        """Wait until the load balancer has sent one there."""
        log = self.root / ".cicd/routers/web/access.jsonl"
        until = time.monotonic() + 10
        while f'"{group}"' not in log.read_text() and time.monotonic() < until:
            time.sleep(0.05)


# Its first task fails at the first request that is no health check; the second one never does.
FAILING = SERVER.replace(
    "        self.send_response(200)",
    """        asked = "health" not in self.headers.get("User-Agent", "")
        if asked and os.uname().nodename == "web-1":
            print("this is the end", flush=True)
            os._exit(3) if os.environ["VERSION"] == "crash" else bytearray(200_000_000)
        self.send_response(200)""",
)


SLOW = SERVER.replace(
    "        self.send_response(200)",
    """        if "health" not in self.headers.get("User-Agent", ""):
            __import__("time").sleep(0.2)
        self.send_response(200)""",
)


class Load:
    """Requests of another process, all the time; a file has what they were answered."""

    def __init__(self, root, port):
        self.said = root / "load.jsonl"
        with self.said.open("w") as said:
            command = [sys.executable, "-c", LOAD, str(port)]
            self.process = subprocess.Popen(command, stdout=said)
        self.answers = []
        self.more()

    def more(self, count=30):
        """Wait until so many more requests have been answered."""
        wanted = len(self.read()) + count
        until = time.monotonic() + 20
        while len(self.read()) < wanted:
            assert time.monotonic() < until
            time.sleep(0.05)

    def read(self):
        lines = self.said.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("]")]

    def stop(self):
        self.more()
        self.process.kill()
        self.process.wait()
        self.answers = self.read()
        return Counter(word for _, word in self.answers)


@pytest.fixture
def world(fresh):
    assert fresh.deploy() == 0, fresh.said
    return fresh


@pytest.fixture
def fresh(tmp_path, docker_image):
    made = World(tmp_path, docker_image)
    yield made
    made.cicd("router", "stop")
    sets = ContainerTaskSets(tmp_path / ".cicd")
    for each in sets.known("default/web"):
        sets.remove("default/web", each)


@pytest.fixture
def load(world):
    made = Load(world.root, world.port)
    yield made
    made.process.kill()
    made.process.wait()


@pytest.mark.parametrize(
    ("strategy", "least", "most"),
    [
        (("--strategy", "AllAtOnce"), 0, 0),
        (("--strategy", "Canary", "--percentage", "10", "--interval", "2m"), 0.07, 0.13),
        (("--strategy", "Linear", "--percentage", "50", "--interval", "2m"), 0.46, 0.54),
    ],
    ids=["AllAtOnce", "Canary", "Linear"],
)
def test_each_strategy_shifts_its_share_and_no_request_fails(world, load, strategy, least, most):
    world.version("v2")
    assert world.deploy("--speed", "60", *strategy) == 0, world.said
    counts = load.stop()
    assert set(counts) == {"v1", "v2"}
    words = [word for _, word in load.answers]
    # Between the first answer of the new version and the last one of the old, both have a share.
    first = words.index("v2")
    last = len(words) - 1 - words[::-1].index("v1")
    between = words[first : last + 1]
    if most:
        assert least <= between.count("v2") / len(between) <= most
    else:
        assert last < first
    assert "v1" not in words[last + 1 :]


def test_an_alarm_in_the_middle_gives_all_traffic_back(world, load):
    world.version("v2")
    with subprocess.Popen(
        world.command(
            "deploy",
            *world.options(
                "--strategy", "Canary", "--percentage", "50", "--interval", "60m", "--speed", "20"
            ),
        ),
        cwd=world.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as deploying:
        for line in deploying.stdout:
            if "50 % of the traffic" in line:
                world.wait_for_requests_of("green")
                (world.root / "bad").touch()
                break
        said = deploying.stdout.read()
        deploying.wait()
    counts = load.stop()
    assert deploying.returncode == 1
    assert "ALARM_ACTIVE" in said
    assert "all traffic is back" in said
    assert set(counts) == {"v1", "v2"}
    assert {word for _, word in load.answers[-20:]} == {"v1"}


def test_a_version_that_crashes_never_gets_a_request(world, load):
    world.version("v2", ["sh", "-c", "echo no database; exit 3"])
    assert world.deploy("--speed", "100") == 1
    assert "no database" in world.said
    assert "become healthy" in world.said
    assert set(load.stop()) == {"v1"}


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("crash", "'web' ended and was started again, once so far: this is the end"),
        ("leak", "'web' ended out of memory and was started again, once so far: this is the end"),
    ],
)
def test_one_task_that_ends_in_the_middle_gives_all_traffic_back(world, load, version, words):
    group = (world.root / "cicd.yml").read_text()
    (world.root / "cicd.yml").write_text(group.replace("Delay: 5}", "Delay: 5, desiredCount: 2}"))
    world.version(version, ["python3", "-c", FAILING], memory=64)
    shift = ("--strategy", "Canary", "--percentage", "50", "--interval", "60m", "--speed", "20")
    assert world.deploy(*shift) == 1
    assert "a task of the replacement failed: task 1: container " in world.said
    assert words in " ".join(world.said.split())
    assert "all traffic is back" in world.said
    load.stop()
    assert {word for _, word in load.answers[-20:]} == {"v1"}


def test_a_version_that_is_slow_is_found_by_the_analysis_and_gives_all_traffic_back(world, load):
    group = (world.root / "cicd.yml").read_text()
    limits = "      analysis: {p95: 100, leastRequests: 5, interval: 1}\n"
    (world.root / "cicd.yml").write_text(group + limits)
    world.version("slow", ["python3", "-c", SLOW])
    shift = ("--strategy", "Canary", "--percentage", "50", "--interval", "60m", "--speed", "20")
    assert world.deploy(*shift) == 1
    assert "p95" in world.said
    assert "all traffic is back" in world.said
    load.stop()
    assert {word for _, word in load.answers} == {"v1", "slow"}
    assert {word for _, word in load.answers[-20:]} == {"v1"}


def test_an_image_that_is_nowhere_is_named_and_changes_nothing(world, load):
    world.version("v2")
    assert world.cicd("deploy", "--image", "IMAGE1_NAME=shop.invalid/web:2") != 0
    assert "shop.invalid/web:2" in world.said
    assert "Traceback" not in world.said
    assert set(load.stop()) == {"v1"}


def test_a_port_that_another_program_has_is_named(tmp_path, docker_image):
    world = World(tmp_path, docker_image)
    with socket.create_server(("127.0.0.1", world.port)):
        assert world.deploy() != 0
    assert f"{world.port}" in world.said
    assert "Traceback" not in world.said
    sets = ContainerTaskSets(tmp_path / ".cicd")
    assert not sets.known("default/web")


def test_killed_in_the_middle_it_goes_on_with_the_weight_of_the_log(world, load):
    world.version("v2")
    with subprocess.Popen(
        world.command(
            "deploy",
            *world.options("--strategy", "Canary", "--percentage", "20", "--interval", "3s"),
        ),
        cwd=world.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as deploying:
        for line in deploying.stdout:
            if "20 % of the traffic" in line:
                deploying.send_signal(signal.SIGKILL)
                break
    # The router dies, too, and comes back with what it was told.
    world.cicd("router", "show", "--output", "json")
    os.kill(json.loads(world.said.strip().splitlines()[-1])["pid"], signal.SIGKILL)
    assert world.cicd("deploy", "resume") == 0, world.said
    counts = load.stop()
    assert counts["v2"] > 0
    assert {word for _, word in load.answers[-20:]} == {"v2"}
    assert set(counts) <= {"v1", "v2"} or sum(counts[w] for w in set(counts) - {"v1", "v2"}) <= 1


def test_a_service_is_listed_and_kept_by_a_reap_and_removed_for_good(world):
    assert world.cicd("service", "list") == 0
    assert "default/web" in world.said
    assert "1 of 1 run" in world.said
    assert "100% of production" in world.said
    world.cicd("doctor", "--reap")
    sets = ContainerTaskSets(world.root / ".cicd")
    assert sets.services() == ("default/web",)
    assert world.cicd("service", "rm", "web") == 0, world.said
    assert "default/web: 1 task ended, with its load balancer web" in world.said
    assert sets.services() == ()
    assert world.cicd("router", "list") == 0
    assert "web" not in world.said
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", world.port)) != 0
    assert world.cicd("service", "rm", "web") == 2


def test_a_first_deployment_that_fails_leaves_nothing_that_listens(fresh):
    fresh.version("v1", command=["sh", "-c", "echo no database; exit 3"])
    assert fresh.deploy("--speed", "120") == 1
    assert "no database" in fresh.said
    assert fresh.cicd("router", "list") == 0
    assert "no load balancer here" in fresh.said
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", fresh.port)) != 0
    assert not ContainerTaskSets(fresh.root / ".cicd").known("default/web")


def test_a_first_deployment_that_was_killed_is_removed_with_its_load_balancer(fresh):
    fresh.version("v1", command=["sh", "-c", "echo no database; exit 3"])
    with subprocess.Popen(
        fresh.command("deploy", *fresh.options()),
        cwd=fresh.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as deploying:
        for line in deploying.stdout:
            if "no database" in line:
                deploying.send_signal(signal.SIGKILL)
                break
    assert fresh.cicd("service", "rm", "web") == 4
    assert "'cicd deploy stop d-" in fresh.said
    assert fresh.cicd("deploy", "stop") == 0
    assert "LOST" not in fresh.said
    ContainerTaskSets(fresh.root / ".cicd").remove("default/web", _only(fresh.root))
    assert fresh.cicd("service", "rm", "web") == 0, fresh.said
    assert "default/web: its load balancer web ended" in fresh.said
    assert fresh.cicd("router", "list") == 0
    assert "no load balancer here" in fresh.said


def _only(root):
    (name,) = ContainerTaskSets(root / ".cicd").known("default/web")
    return name
