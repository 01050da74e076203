"""
What a load balancer costs: the built-in proxy against HAProxy, on the same two backends.

    ./run bench-traffic [--requests N] [--strict]

Both carry the same requests in turn, in rounds, a tenth of them to the second backend; without a
router is what the backends and the load alone can do. The load is made by this process and so is
bounded by it: what compares is the rate, the processor time that each router takes for a request,
and the slowest hundredth. ``--strict`` ends with 1 when a goal is
missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.haproxy_router import HAProxyRouter
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.backends.traffic.router_state import DIRECTORY
from cicd.errors import CicdError
from cicd.ports import Endpoint
from cicd.testing.contracts_traffic import (
    BLUE,
    GREEN,
    ROUTE,
    backends,
    free_port,
    ready,
    two_groups,
)

if TYPE_CHECKING:
    from cicd.testing.contracts_traffic import Backend

AT_ONCE = 16
ROUNDS = 5
SHARE = 10  # per cent to the second backend
HEAD = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Figures:
    """What was measured of one router."""

    rates: list[float] = field(default_factory=list)  # requests a second, a round each
    took: list[float] = field(default_factory=list)  # seconds, a request each
    used: float = 0.0  # seconds of a processor
    second: int = 0  # answers of the second backend
    failed: int = 0

    @property
    def rate(self) -> float:
        """Give the rate of the best round: the others were disturbed."""
        return max(self.rates)

    @property
    def p99(self) -> float:
        """Give the slowest hundredth, in seconds."""
        return sorted(self.took)[int(len(self.took) * 0.99)]

    @property
    def cost(self) -> float:
        """Give the processor's seconds for a request."""
        return self.used / len(self.took)


async def ask(front: Endpoint, count: int, figures: Figures) -> None:
    """Send requests over a few connections, and note what came of them."""
    left = iter(range(count))

    async def one() -> None:
        reader, writer = await asyncio.open_connection(front.host, front.port)
        for _ in left:
            began = time.perf_counter()
            writer.write(HEAD)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            word = await reader.readexactly(length)
            figures.took.append(time.perf_counter() - began)
            figures.failed += b" 200 " not in head
            figures.second += word == b"b"
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    figures.rates.append(count / (time.perf_counter() - began))


def processor_seconds(pid: int) -> float:
    """Give what a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Lane:
    """One way to the backends."""

    def __init__(self, kind: str, made: list[Backend], home: Path) -> None:
        """Start the router, if there is one."""
        self.figures = Figures()
        self._running: RunningProxy | RunningHAProxy | None = None
        self._front = made[0].endpoint
        self._pid = 0
        if kind == "no router":
            return
        self._front = Endpoint(host="127.0.0.1", port=free_port())
        spec = replace(two_groups(self._front), kind=kind, name=kind)
        router = (HAProxyRouter if kind == "haproxy" else ProxyRouter)(home, spec)
        self._running = (RunningHAProxy if kind == "haproxy" else RunningProxy)(
            home / DIRECTORY / kind
        )
        ready(router, made)
        router.set_weights(ROUTE, {BLUE: 100 - SHARE, GREEN: SHARE})
        self._pid = int(str((self._running.show() or {})["pid"]))
        asyncio.run(ask(self._front, 200, Figures()))

    def go(self, count: int) -> None:
        """Send requests."""
        before = processor_seconds(self._pid) if self._pid else 0.0
        asyncio.run(ask(self._front, count, self.figures))
        self.figures.used += (processor_seconds(self._pid) if self._pid else 0.0) - before

    def close(self) -> None:
        """End the router."""
        if self._running is not None:
            self._running.stop()


def measure(requests: int, directory: Path) -> dict[str, Figures]:
    """Send requests by all ways in turn."""
    kinds = ["no router", "proxy", *(["haproxy"] if shutil.which("haproxy") else [])]
    lanes: dict[str, Lane] = {}
    with backends("a", "b") as made:
        try:
            for kind in kinds:
                try:
                    lanes[kind] = Lane(kind, made, directory)
                except CicdError as problem:
                    if kind != "haproxy":
                        raise
                    print(f"\nhaproxy: not measured: {problem.message}")
            for _ in range(ROUNDS):
                for lane in lanes.values():
                    lane.go(requests // ROUNDS)
        finally:
            for lane in lanes.values():
                lane.close()
    return {kind: lane.figures for kind, lane in lanes.items()}


def traffic(directory: Path, requests: int = 10_000) -> bool:
    """Print what each router costs, and whether the built-in one keeps up with HAProxy."""
    found = measure(requests, directory)
    print(f"\nTraffic: {requests} requests, {AT_ONCE} at once, {SHARE} % to the second backend")
    print(f"{'':14}{'requests/s':>12}{'CPU/request':>14}{'p99':>10}{'share':>9}{'failed':>8}")
    for kind, each in found.items():
        cost = f"{each.cost * 1e6:.0f} µs" if each.used else ""
        share = f"{each.second / len(each.took):.2%}" if kind != "no router" else ""
        print(
            f"  {kind:<12}{each.rate:>12.0f}{cost:>14}{each.p99 * 1e3:>7.1f} ms"
            f"{share:>9}{each.failed:>8}"
        )
    routers = {kind: each for kind, each in found.items() if kind != "no router"}
    shares = [each.second / len(each.took) * 100 for each in routers.values()]
    met = [
        _told("no request fails", not any(each.failed for each in found.values())),
        _told("shares within 1.5 points", all(abs(share - SHARE) <= 1.5 for share in shares)),
    ]
    if "haproxy" in routers:
        ours, theirs = routers["proxy"], routers["haproxy"]
        met += [
            _told("two thirds of HAProxy's requests a second", ours.rate >= theirs.rate * 2 / 3),
            _told("p99 within 2 x HAProxy's", ours.p99 <= 2 * theirs.p99),
        ]
    return all(met)


def _told(words: str, met: bool) -> bool:  # noqa: FBT001  # what is told is what was asked
    print(f"  {'met   ' if met else 'MISSED'}  {words}")
    return met


def main() -> int:
    """Measure what is here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        met = traffic(Path(home), options.requests)
    return int(options.strict and not met)


if __name__ == "__main__":
    sys.exit(main())
