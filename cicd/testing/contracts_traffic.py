"""
Every promise of `ports.TrafficRouter`, as tests.

    class TestMine(TrafficRouterContract):
        @pytest.fixture
        def router(self, front):
            return Mine(two_groups(front))
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cicd.errors import UsageError
from cicd.ports import Endpoint, HealthCheck, RouterSpec, RouteSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.ports import TrafficRouter

BLUE: Final = "blue"
GREEN: Final = "green"
ROUTE: Final = "web"
_PATIENCE: Final = 10.0  # seconds
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


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

    def test_a_group_that_no_route_has_a_weight_for_is_checked_all_the_same(
        self, router: TrafficRouter, servers: list[Backend]
    ) -> None:
        """A version has to be healthy before it is given any traffic."""
        router.register("replacement", servers[0].endpoint)
        until(lambda: router.healthy("replacement") == {servers[0].endpoint}, "health")
        assert router.weights(ROUTE) == {BLUE: 100, GREEN: 0}

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

    def test_an_unknown_group_has_nobody_ill(self, router: TrafficRouter) -> None:
        """Nor anybody whose check has not failed."""
        assert router.ill("unheard-of") == {}

    def test_where_nobody_asked_nothing_was_answered(self, router: TrafficRouter) -> None:
        """An unknown route is refused here, too."""
        assert list(router.answered(ROUTE, _LONG_AGO)) == []
        _refused(lambda: router.answered("nowhere", _LONG_AGO))

    def test_one_that_is_retired_begins_anew_and_one_with_targets_is_not(
        self, router: TrafficRouter, servers: list[Backend]
    ) -> None:
        """Nothing of what it was told is left; retired twice does no harm."""
        router.retire()
        router.retire()
        router.register(BLUE, servers[0].endpoint)
        router.retire()
        until(lambda: bool(router.healthy(BLUE)), "health")

    def test_an_unknown_group_has_nobody(self, router: TrafficRouter) -> None:
        """It is not an error to ask."""
        assert router.healthy("unheard-of") == frozenset()


def ready(router: TrafficRouter, servers: list[Backend]) -> None:
    """Put one server into each group."""
    for name, server in zip((BLUE, GREEN), servers, strict=True):
        router.register(name, server.endpoint)
    for name in (BLUE, GREEN):
        until(lambda name=name: bool(router.healthy(name)), f"health of {name}")  # type: ignore[misc]


def kill(pid: int) -> None:
    """End a process without a goodbye."""
    os.kill(pid, signal.SIGKILL)


def _refused(action: Callable[[], object]) -> None:
    try:
        action()
    except UsageError:
        return
    raise AssertionError("it was not refused")
