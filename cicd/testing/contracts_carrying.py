"""
Every promise of a `ports.TrafficRouter` that carries requests, as tests.

    class TestProxyRouter(CarryingContract):
        @pytest.fixture
        def router(self, tmp_path, front):
            yield ProxyRouter(tmp_path, two_groups(front))
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from cicd.ports import Endpoint
from cicd.testing import load
from cicd.testing.contracts_traffic import (
    BLUE,
    GREEN,
    ROUTE,
    TrafficRouterContract,
    backends,
    free_port,
    ready,
    until,
)
from cicd.testing.flood import flood

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.ports import TrafficRouter
    from cicd.testing.contracts_traffic import Backend
    from cicd.testing.load import Answers


class RouterProcess(Protocol):
    """What carries the requests of a router."""

    def show(self) -> object | None:
        """Give what it does; None: it does not run."""

    def stop(self) -> bool:
        """End it; False: it did not run."""


class CarryingContract(TrafficRouterContract):
    """
    What a router promises that carries requests.

    More fixtures: ``front`` is where the route listens; ``again`` makes the same router anew;
    ``kill_router`` ends its process without a goodbye; ``process`` is that process.
    """

    def test_shares_are_as_the_weights_ask(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """Of 10,000 requests each share is within 1.5 points, and none of them fails."""
        ready(router, servers)
        for green in (5, 10, 50, 90, 100):
            router.set_weights(ROUTE, {BLUE: 100 - green, GREEN: green})
            answers = asyncio.run(flood(front.host, front.port, 10_000))
            assert sum(answers.values()) == 10_000
            assert set(answers) == ({BLUE, GREEN} if green < 100 else {GREEN})
            assert abs(answers[GREEN] / 100 - green) <= 1.5

    def test_shares_are_of_groups_and_not_of_their_targets(
        self, router: TrafficRouter, front: Endpoint
    ) -> None:
        """Three targets with a tenth have a tenth together."""
        with backends("blue", "green", "green", "green") as made:
            for server in made:
                router.register(server.word, server.endpoint)
            until(lambda: len(router.healthy(GREEN)) == 3 and bool(router.healthy(BLUE)), "health")
            router.set_weights(ROUTE, {BLUE: 90, GREEN: 10})
            assert abs(_ask(front, count=1000).words[GREEN] - 100) <= 15

    def test_a_version_that_dies_leaves_its_share_to_the_other(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """Traffic goes to nobody who is ill, and never to nowhere; no request fails for it."""
        ready(router, servers)
        router.set_weights(ROUTE, {BLUE: 50, GREEN: 50})
        _meanwhile(front, servers[1].kill)
        until(lambda: not router.healthy(GREEN), "the news")
        assert _ask(front, count=100).words == {BLUE: 100}

    def test_a_version_that_was_never_healthy_gets_nothing(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """Whatever its weight is."""
        router.register(BLUE, servers[0].endpoint)
        router.register(GREEN, Endpoint(host="127.0.0.1", port=free_port()))
        until(lambda: bool(router.healthy(BLUE)), "health")
        router.set_weights(ROUTE, {BLUE: 10, GREEN: 90})
        answers = _ask(front, count=200)
        assert (answers.words, answers.failures) == ({BLUE: 200}, [])

    def test_the_log_has_each_request_with_who_answered_it(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """Its status, and how long it took; what is older than asked for is left out."""
        ready(router, servers)
        router.set_weights(ROUTE, {BLUE: 70, GREEN: 30})
        began = datetime.now(UTC)
        _ask(front, count=100)
        _ask(front, count=1, path="/?status=500")
        _ask(front, count=1, path="/?wait=0.2")
        until(lambda: len(router.answered(ROUTE, began)) == 102, "the last line")
        seen = router.answered(ROUTE, began)
        assert abs(Counter(each.group for each in seen[:100])[GREEN] - 30) <= 2
        assert Counter(each.status for each in seen) == {200: 101, 500: 1}
        assert seen[-1].seconds >= 0.2
        assert all(each.seconds > 0 for each in seen)
        assert [each.at for each in seen] == sorted(each.at for each in seen)
        assert began <= seen[0].at <= datetime.now(UTC)
        assert list(router.answered(ROUTE, datetime.now(UTC) + timedelta(seconds=5))) == []

    def test_a_connection_that_was_upgraded_goes_on_while_its_version_drains(
        self, router: TrafficRouter, servers: list[Backend], front: Endpoint
    ) -> None:
        """It ends when it wants to; a kept connection goes to the other with its next request."""
        ready(router, servers)
        with (
            socket.create_connection((front.host, front.port), timeout=5) as tunnel,
            socket.create_connection((front.host, front.port), timeout=5) as kept,
        ):
            upgrade = b"Connection: Upgrade\r\nUpgrade: echo\r\n"
            assert _said(tunnel, b"GET / HTTP/1.1\r\nHost: a\r\n" + upgrade + b"\r\n", b"blue")
            assert _said(kept, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"blue")
            router.set_weights(ROUTE, {BLUE: 0, GREEN: 100})
            drain = timedelta(seconds=8)
            leave = threading.Thread(
                target=lambda: router.deregister(BLUE, servers[0].endpoint, drain=drain)
            )
            leave.start()
            time.sleep(0.2)
            assert _said(kept, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"green")
            assert _said(tunnel, b"still there?", b"still there?")
            assert leave.is_alive()
            tunnel.shutdown(socket.SHUT_RDWR)
            leave.join(3)
            assert not leave.is_alive()

    def test_what_a_check_saw_that_failed_is_told(
        self, router: TrafficRouter, servers: list[Backend]
    ) -> None:
        """Of who passes it there is nothing to tell."""
        nowhere = Endpoint(host="127.0.0.1", port=free_port())
        router.register(GREEN, nowhere)
        router.register(GREEN, servers[0].endpoint)
        until(lambda: bool(router.healthy(GREEN)), "health")
        until(lambda: "connection is refused" in router.ill(GREEN).get(nowhere, ""), "the words")
        assert set(router.ill(GREEN)) == {nowhere}

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

    def test_one_that_is_retired_listens_no_more_and_has_forgotten_its_weights(
        self, router: TrafficRouter, front: Endpoint
    ) -> None:
        """The next thing that it is asked starts it as it was made."""
        router.set_weights(ROUTE, {BLUE: 30, GREEN: 70})
        router.retire()
        with socket.socket() as probe:
            assert probe.connect_ex((front.host, front.port)) != 0
        assert router.weights(ROUTE) == {BLUE: 100, GREEN: 0}

    def test_a_target_leaves_a_router_that_was_stopped_without_starting_it(
        self, router: TrafficRouter, servers: list[Backend], process: RouterProcess
    ) -> None:
        """The others are what it begins with next time; where it never ran, nothing is done."""
        router.deregister(BLUE, servers[0].endpoint, drain=timedelta(seconds=1))
        assert process.show() is None
        ready(router, servers)
        assert process.stop()
        router.deregister(BLUE, servers[0].endpoint, drain=timedelta(seconds=1))
        assert process.show() is None
        until(lambda: bool(router.healthy(GREEN)), "health")
        assert (router.healthy(BLUE), router.ill(BLUE)) == (frozenset(), {})


def _said(connection: socket.socket, words: bytes, answer: bytes) -> bool:
    """Say something, and wait for an answer that ends so."""
    connection.sendall(words)
    heard = b""
    while not heard.endswith(answer):
        data = connection.recv(65536)
        if not data:
            return False
        heard += data
    return True


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
