"""
Every promise of `ports.TrafficRouter`, as tests.

    class TestProxyRouter(CarryingContract):
        @pytest.fixture
        def router(self, tmp_path, front):
            yield ProxyRouter(tmp_path, two_groups(front))
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.errors import UsageError
from cicd.ports import Endpoint, HealthCheck, RouterSpec, RouteSpec
from cicd.testing import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.ports import TrafficRouter
    from cicd.testing.load import Answers

BLUE: Final = "blue"
GREEN: Final = "green"
ROUTE: Final = "web"
_PATIENCE: Final = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Backend:
    """A server that answers with its word."""

    word: str
    process: subprocess.Popen[str]
    endpoint: Endpoint

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def backends(*words: str) -> Iterator[list[Backend]]:
    """Start a server for each word; they end with the context."""
    made: list[Backend] = []
    try:
        for word in words:
            process = subprocess.Popen(
                [sys.executable, "-m", "cicd.testing.answering", word],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            port = int(process.stdout.readline())
            made.append(Backend(word, process, Endpoint(host="127.0.0.1", port=port)))
        yield made
    finally:
        for backend in made:
            backend.kill()
            assert backend.process.stdout is not None
            backend.process.stdout.close()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def two_groups(front: Endpoint) -> RouterSpec:
    """Give what a router under test listens on: one route, all of it to "blue"."""
    weights = ((BLUE, 100), (GREEN, 0))
    return RouterSpec(
        name="shop",
        routes=(RouteSpec(name=ROUTE, listen=front, weights=weights),),
        health_check=HealthCheck(interval=timedelta(seconds=0.2)),
    )


def until(met: Callable[[], bool], what: str) -> None:
    """Wait for something that must come soon."""
    end = time.monotonic() + _PATIENCE
    while not met():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.02)


class TrafficRouterContract:
    """
    What every router promises.

    The fixture ``router`` is a fresh one of ``two_groups``; ``servers`` are two that answer.
    """

    def test_a_route_begins_with_the_weights_it_was_made_with(self, router: TrafficRouter) -> None:
        """And nobody has set them yet."""
        assert router.weights(ROUTE) == {BLUE: 100, GREEN: 0}

    def test_weights_that_were_set_are_given(self, router: TrafficRouter) -> None:
        """Twice the same is once."""
        for _ in range(2):
            router.set_weights(ROUTE, {BLUE: 30, GREEN: 70})
        assert router.weights(ROUTE) == {BLUE: 30, GREEN: 70}

    def test_weights_that_are_not_the_whole_are_refused(self, router: TrafficRouter) -> None:
        """And nothing changes."""
        for weights in ({BLUE: 50, GREEN: 40}, {BLUE: 110, GREEN: -10}, {}):
            _refused(lambda weights=weights: router.set_weights(ROUTE, weights))  # type: ignore[misc]
        assert router.weights(ROUTE) == {BLUE: 100, GREEN: 0}

    def test_an_unknown_route_is_refused(self, router: TrafficRouter) -> None:
        """Its weights can neither be set nor given."""
        _refused(lambda: router.set_weights("nowhere", {BLUE: 100}))
        _refused(lambda: router.weights("nowhere"))

    def test_a_registered_target_that_answers_becomes_healthy(
        self, router: TrafficRouter, servers: list[Backend]
    ) -> None:
        """However often it is registered; groups are apart."""
        first, second = (server.endpoint for server in servers)
        router.register(BLUE, first)
        router.register(BLUE, first)
        router.register(GREEN, second)
        until(lambda: router.healthy(BLUE) == {first}, "health of the first")
        until(lambda: router.healthy(GREEN) == {second}, "health of the second")

    def test_a_deregistered_target_is_no_longer_healthy(
        self, router: TrafficRouter, servers: list[Backend]
    ) -> None:
        """Deregistered again, or never registered, does no harm; registered again, it is back."""
        first, second = (server.endpoint for server in servers)
        router.register(BLUE, first)
        until(lambda: router.healthy(BLUE) == {first}, "health")
        for endpoint in (first, first, second):
            router.deregister(BLUE, endpoint, drain=timedelta(seconds=1))
        assert router.healthy(BLUE) == frozenset()
        router.register(BLUE, first)
        until(lambda: router.healthy(BLUE) == {first}, "health again")

    def test_many_may_register_at_once(
        self, router: TrafficRouter, servers: list[Backend]
    ) -> None:
        """Also when nobody has asked the router for anything before."""
        failures: list[Exception] = []

        def register(server: Backend) -> None:
            try:
                router.register(BLUE, server.endpoint)
            except Exception as reason:  # noqa: BLE001  # told by the test, whatever it is
                failures.append(reason)

        threads = [threading.Thread(target=register, args=(each,)) for each in servers * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        until(lambda: len(router.healthy(BLUE)) == len(servers), "health of all")

    def test_an_unknown_group_has_nobody(self, router: TrafficRouter) -> None:
        """It is not an error to ask."""
        assert router.healthy("unheard-of") == frozenset()


class CarryingContract(TrafficRouterContract):
    """
    What a router promises that carries requests.

    More fixtures: ``front`` is where the route listens; ``again`` makes the same router anew;
    ``kill_router`` ends its process without a goodbye.
    """

    def test_shares_are_as_the_weights_ask(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """10,000 requests in all, each share within 1.5 points; none fails while they change."""
        ready(router, servers)
        failures = []
        for green in (5, 10, 50, 90, 100):
            router.set_weights(ROUTE, {BLUE: 100 - green, GREEN: green})
            answers = _ask(front, count=2000)
            failures += answers.failures
            assert abs(answers.words[GREEN] / 20 - green) <= 1.5
        assert failures == []

    def test_new_weights_are_obeyed_within_200_milliseconds(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """By every request that comes then."""
        ready(router, servers)
        _ask(front, count=50)
        router.set_weights(ROUTE, {BLUE: 0, GREEN: 100})
        time.sleep(0.2)
        assert _ask(front, count=200).words == {GREEN: 200}

    def test_no_request_fails_during_shifts(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """Ten shifts while requests come without a pause."""
        ready(router, servers)

        def shift() -> None:
            for number in range(10):
                green = number * 10
                router.set_weights(ROUTE, {BLUE: 100 - green, GREEN: green})

        _meanwhile(front, shift)

    def test_a_deregistered_target_finishes_its_requests(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """And is waited for, and has no new ones."""
        blue, green = servers
        router.register(BLUE, blue.endpoint)
        until(lambda: router.healthy(BLUE) == {blue.endpoint}, "health")
        slow: list[Answers] = []
        asker = threading.Thread(
            target=lambda: slow.append(_ask(front, count=4, at_once=4, path="/?wait=0.6"))
        )
        asker.start()
        time.sleep(0.2)
        router.register(BLUE, green.endpoint)
        until(lambda: green.endpoint in router.healthy(BLUE), "health of the other")
        router.deregister(BLUE, blue.endpoint, drain=timedelta(seconds=5))
        asker.join(0.3)
        assert not asker.is_alive()
        assert slow[0].words == {BLUE: 4}
        assert _ask(front, count=50).words == {GREEN: 50}

    def test_draining_has_an_end(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """A request that takes longer is not waited for."""
        blue = servers[0].endpoint
        router.register(BLUE, blue)
        until(lambda: router.healthy(BLUE) == {blue}, "health")
        asker = threading.Thread(target=lambda: _ask(front, count=1, path="/?wait=3"))
        asker.start()
        time.sleep(0.2)
        began = time.monotonic()
        router.deregister(BLUE, blue, drain=timedelta(seconds=0.5))
        assert time.monotonic() - began < 2
        asker.join()

    def test_a_killed_backend_fails_no_request(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """As long as another one of its group is there."""
        for server in servers:
            router.register(BLUE, server.endpoint)
        until(lambda: len(router.healthy(BLUE)) == 2, "health")
        _meanwhile(front, servers[0].kill)
        until(lambda: router.healthy(BLUE) == {servers[1].endpoint}, "the news")

    def test_a_killed_router_comes_back_with_its_weights(
        self,
        router: TrafficRouter,
        servers: list[Backend],
        front: Endpoint,
        kill_router: Callable[[], None],
        again: Callable[[], TrafficRouter],
    ) -> None:
        """And with its targets; to whoever asks for the same router."""
        ready(router, servers)
        router.set_weights(ROUTE, {BLUE: 20, GREEN: 80})
        kill_router()
        back = again()
        assert back.weights(ROUTE) == {BLUE: 20, GREEN: 80}
        until(lambda: bool(back.healthy(BLUE) and back.healthy(GREEN)), "health")
        assert _ask(front, count=200).words == {BLUE: 40, GREEN: 160}


def ready(router: TrafficRouter, servers: list[Backend]) -> None:
    """Put one server into each group."""
    for name, server in zip((BLUE, GREEN), servers, strict=True):
        router.register(name, server.endpoint)
    for name in (BLUE, GREEN):
        until(lambda name=name: bool(router.healthy(name)), f"health of {name}")  # type: ignore[misc]


def kill(pid: int) -> None:
    """End a process without a goodbye."""
    os.kill(pid, signal.SIGKILL)


def _ask(front: Endpoint, *, count: int, at_once: int = 8, path: str = "/") -> Answers:
    return asyncio.run(load.ask(front.host, front.port, count=count, at_once=at_once, path=path))


def _meanwhile(front: Endpoint, action: Callable[[], None]) -> None:
    """Do something while requests come, before, during and after it; none may fail."""
    failures: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            failures.extend(_ask(front, count=200).failures)
        failures.extend(_ask(front, count=200).failures)

    asker = threading.Thread(target=ask)
    asker.start()
    time.sleep(0.2)
    action()
    time.sleep(0.2)
    over.set()
    asker.join()
    assert not failures, failures[:3]


def _refused(action: Callable[[], object]) -> None:
    try:
        action()
    except UsageError:
        return
    raise AssertionError("it was not refused")
