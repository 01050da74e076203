"""Requests from another process for the whole of a deployment: none may fail."""

import json
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from cicd.deploy.traffic.plan import BlueGreenOptions
from tests.deploy.traffic.world import TrafficWorld

RATE = 200  # requests a second
PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin"
KINDS = ("proxy", "haproxy") if shutil.which("haproxy", path=PLACES) else ("proxy",)


@contextmanager
def load(world):
    """Hold the load while inside; gives what came back, once it is over."""
    answers = {}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cicd.testing.load"),
            *(world.front.host, str(world.front.port), str(RATE)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.5)
    yield answers
    time.sleep(0.3)
    said, _ = process.communicate("")
    answers.update(json.loads(said))


@pytest.fixture(params=KINDS)
def serving(tmp_path, request):
    made = []

    def make(**options):
        world = TrafficWorld(tmp_path, real=True, kind=request.param, **options)
        made.append(world)
        return world

    yield make
    for world in made:
        world.end()


def test_a_rolling_deployment_fails_no_request(serving):
    world = serving(config="OneAtATime")
    assert "Succeeded" == world.deploy(world.serving("v1")).status
    second = world.serving("v2")
    with load(world) as answers:
        began = time.monotonic()
        assert "Succeeded" == world.deploy(second).status
        took = time.monotonic() - began
    assert [] == answers["failures"]
    assert {"v1", "v2"} == set(answers["answers"])
    assert sum(answers["answers"].values()) > took * RATE / 10


def test_a_blue_green_deployment_fails_no_request(serving):
    world = serving(
        config="AllAtOnce", ids=("b1", "b2"), green_ids=("g1", "g2"), options=BlueGreenOptions()
    )
    assert "Succeeded" == world.deploy(world.serving("v1")).status
    second = world.serving("v2")
    with load(world) as answers:
        began = time.monotonic()
        result = world.deploy(second)
        took = time.monotonic() - began
    assert "Succeeded" == result.status
    assert [] == answers["failures"]
    assert sum(answers["answers"].values()) > took * RATE / 10
    assert {"v1", "v2"} == set(answers["answers"])
    # The first went to green, so the second went to blue, and ended green.
    assert ["b1", "b2"] == [name for name, status in result.targets[:2]]
