"""Every traffic router against its contract."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.haproxy_router import HAProxyRouter
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.ports import Endpoint
from cicd.testing.contracts_carrying import CarryingContract
from cicd.testing.contracts_traffic import (
    TrafficRouterContract,
    backends,
    free_port,
    kill,
    two_groups,
    until,
)
from cicd.testing.fake_router import RecordingTrafficRouter


@pytest.fixture
def servers():
    with backends("blue", "green") as made:
        yield made


@pytest.fixture
def front():
    return Endpoint(host="127.0.0.1", port=free_port())


class TestRecordingTrafficRouter(TrafficRouterContract):
    @pytest.fixture
    def router(self, front):
        return RecordingTrafficRouter(two_groups(front))


class TestProxyRouter(CarryingContract):
    @pytest.fixture
    def home(self, tmp_path):
        # Deeper than the path of a socket may be long.
        home = tmp_path / ("deep" * 25)
        yield home
        RunningProxy(home / "routers" / "shop").stop()

    @pytest.fixture
    def router(self, home, front):
        return ProxyRouter(home, two_groups(front))

    @pytest.fixture
    def again(self, home, front):
        return lambda: ProxyRouter(home, two_groups(front))

    @pytest.fixture
    def kill_router(self, home):
        return lambda: kill(RunningProxy(home / "routers" / "shop").show()["pid"])

    @pytest.fixture
    def process(self, home):
        return RunningProxy(home / "routers" / "shop")


class Dying(RunningHAProxy):
    """Dies just before it is told what begins with ``word``, once."""

    word = ""

    def command(self, text):
        if self.word and text.startswith(self.word):
            self.word = ""
            kill(self.pid())
        return super().command(text)


if shutil.which("haproxy", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin"):

    class TestHAProxyRouter(CarryingContract):
        @pytest.fixture
        def home(self, tmp_path):
            home = tmp_path / ("deep" * 25)
            yield home
            RunningHAProxy(home / "routers" / "shop").stop()

        @pytest.fixture
        def router(self, home, front):
            return HAProxyRouter(home, replace(two_groups(front), kind="haproxy"))

        @pytest.fixture
        def again(self, home, front):
            return lambda: HAProxyRouter(home, replace(two_groups(front), kind="haproxy"))

        @pytest.fixture
        def kill_router(self, home):
            return lambda: kill(RunningHAProxy(home / "routers" / "shop").pid())

        @pytest.fixture
        def process(self, home):
            return RunningHAProxy(home / "routers" / "shop")

        @pytest.mark.parametrize("word", ["show stat", "add server", "set server", "del server"])
        def test_one_that_dies_while_it_is_told_something_comes_back_with_it(
            self, router, servers, word
        ):
            blue, green = (each.endpoint for each in servers)
            router._running = dying = Dying(router._running.directory)
            router.register("blue", blue)
            until(lambda: router.healthy("blue") == {blue}, "blue's health")
            dying.word = word
            router.register("green", green)
            router.deregister("blue", blue, drain=timedelta(seconds=1))
            until(lambda: router.healthy("green") == {green}, "green's health")
            assert "" == dying.word
            assert frozenset() == router.healthy("blue")
