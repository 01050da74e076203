"""A load balancer that dies in the middle of a shift, of both kinds: carried on as it was."""

import asyncio
import shutil
import threading
from dataclasses import replace

import pytest

from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.haproxy_router import HAProxyRouter
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.engine.clock import ScaledClock, _elapsed
from cicd.testing.contracts_traffic import backends, free_port, kill, until
from cicd.testing.load import ask
from tests.deploy.service_world import deploy, service_world

KINDS = [
    (ProxyRouter, RunningProxy),
    *([(HAProxyRouter, RunningHAProxy)] if shutil.which("haproxy") else []),
]


@pytest.fixture(params=KINDS, ids=lambda each: each[0].__name__)
def world(request, tmp_path):
    make, running = request.param
    made = service_world(tmp_path)
    made.port, home = free_port(), made.services.home
    made.running = running(home / "routers" / "greeter")
    text = (made.place / "cicd.yml").read_text().replace("8290", str(made.port))
    text = text.replace("8291", str(free_port())).replace("desiredCount: 2", "desiredCount: 1")
    (made.place / "cicd.yml").write_text(text)
    with backends("v1", "v2") as servers:
        made.sets.ports = iter([server.endpoint.port for server in servers])
        made.router = {}
        made.services = replace(
            made.services, router=lambda spec: made.router.setdefault("one", make(home, spec))
        )
        yield made
        made.running.stop()


class PatientClock(ScaledClock):
    """The machine's time until the test has seen what it wants, however slow the machine is."""

    def __init__(self):
        super().__init__(1)

    def hurry(self):
        self._start, self._began, self._speed = self.now(), _elapsed(), 1000


def weights(world):
    shown = world.running.show()
    return None if shown is None else shown["weights"]["production"]


def test_it_comes_back_with_the_weights_of_the_shift_which_goes_on(world):
    """The deployment that runs sees to it, and no version is taken for ill meanwhile."""
    assert deploy(world).status == "Succeeded"
    text = (world.place / "cicd.yml").read_text()
    (world.place / "cicd.yml").write_text(
        text.replace("ECSAllAtOnce", "ECSCanary10Percent5Minutes")
    )
    clock = PatientClock()
    world.services = replace(world.services, clock=clock)
    result = []
    deploying = threading.Thread(target=lambda: result.append(deploy(world)))
    deploying.start()
    tenth = {"greeter-blue": 90, "greeter-green": 10}
    until(lambda: weights(world) == tenth, "the first step")
    dead = world.running.show()["pid"]
    kill(dead)
    until(lambda: (world.running.show() or {}).get("pid") not in (None, dead), "another one")
    assert weights(world) == tenth
    router = world.router["one"]
    until(lambda: all(router.healthy(group) for group in tenth), "its first look at the versions")
    answers = asyncio.run(ask("127.0.0.1", world.port, count=100))
    assert (answers.words["v1"], answers.words["v2"]) == (90, 10)
    clock.hurry()
    deploying.join()
    assert (result[0].status, result[0].failure) == ("Succeeded", None)
    assert weights(world) == {"greeter-blue": 0, "greeter-green": 100}
