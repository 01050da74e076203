"""
What a load balancer costs: the built-in proxy against HAProxy, on the same two backends.

    ./run bench-traffic [--requests N] [--strict]

The load is made by this process and so is bounded by it: what compares is the processor time that
each router takes for a request, and the slowest hundredth. ``--strict`` ends with 1 when the
built-in one takes more than three times HAProxy's time, or when a request fails.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from cicd.backends.traffic.haproxy_router import HAProxyRouter, RunningHAProxy
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.backends.traffic.router_state import DIRECTORY
from cicd.ports import Endpoint
from cicd.testing.contracts_traffic import (
    BLUE,
    Backend,
    backends,
    free_port,
    two_groups,
    until,
)

AT_ONCE = 16
HEAD = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
TICK = os.sysconf("SC_CLK_TCK")
Figures = tuple[float, float, float, int]


async def ask(front: Endpoint, count: int) -> tuple[list[float], int]:
    """Send requests over a few connections; gives each one's seconds, and how many failed."""
    took: list[float] = []
    failed = 0
    left = iter(range(count))

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(front.host, front.port)
        for _ in left:
            began = time.perf_counter()
            writer.write(HEAD)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            failed += b" 200 " not in head
        writer.close()

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return took, failed


def processor_seconds(pid: int) -> float:
    """Give what a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(kind: str, made: list[Backend], home: Path, count: int) -> Figures:
    """Give requests a second, microseconds a request, the slowest hundredth, and failures."""
    front = Endpoint(host="127.0.0.1", port=free_port())
    spec = replace(two_groups(front), kind=kind, name=kind)
    router = (HAProxyRouter if kind == "haproxy" else ProxyRouter)(home, spec)
    running = (RunningHAProxy if kind == "haproxy" else RunningProxy)(home / DIRECTORY / kind)
    for backend in made:
        router.register(BLUE, backend.endpoint)
    until(lambda: len(router.healthy(BLUE)) == len(made), "health")
    shown = running.show()
    assert shown is not None
    pid = int(str(shown["pid"]))
    asyncio.run(ask(front, 200))
    before, began = processor_seconds(pid), time.perf_counter()
    took, failed = asyncio.run(ask(front, count))
    passed, used = time.perf_counter() - began, processor_seconds(pid) - before
    running.stop()
    slowest = sorted(took)[int(len(took) * 0.99)]
    return count / passed, used / count * 1e6, slowest * 1e3, failed


def main() -> int:
    """Measure what is here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    kinds = ["proxy", *(["haproxy"] if shutil.which("haproxy") else [])]
    figures: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as home, backends("a", "b") as made:
        print(f"{options.requests} requests, {AT_ONCE} at once, two backends")
        print(f"{'':10}{'requests/s':>12}{'CPU/request':>14}{'p99':>10}{'failed':>8}")
        for kind in kinds:
            figures[kind] = measure(kind, made, Path(home), options.requests)
            rate, used, slowest, failed = figures[kind]
            print(f"{kind:10}{rate:>12.0f}{used:>11.0f} µs{slowest:>7.1f} ms{failed:>8}")
    missed = any(failed for *_, failed in figures.values()) or (
        len(kinds) > 1 and figures["proxy"][1] > 3 * figures["haproxy"][1]
    )
    return int(missed and options.strict)


if __name__ == "__main__":
    sys.exit(main())
