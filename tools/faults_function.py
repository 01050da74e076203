"""Faults: the process of a function is killed, and the one that invoked it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import PATIENCE, Row, World

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 4
# Begins something of its own, says where both are, and takes its time.
HANDLER = """import os, subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "600"])
    with open(event["noted"] + ".part", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(event["noted"] + ".part", event["noted"])
    time.sleep(event["seconds"])
    child.kill()
    return "answered"
"""


def kill_function(scratch: Path) -> Row:
    """Kill a function's process in the middle of an invocation, and then who invokes it."""
    world = World(directory=scratch / "app")
    (scratch / "code").mkdir()
    (scratch / "code" / "app.py").write_text(HANDLER, "utf-8")
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    words = ("--runtime", runtime, "--handler", "app.handler", "--timeout", "120")
    status, said = world.run("function", "create", "slow", *words, "--code", str(scratch / "code"))
    world.lose_unless(status == 0, f"the function was not made: {said[-200:]}")
    for number in range(TIMES):
        noted = scratch / f"noted-{number}"
        event = json.dumps({"noted": str(noted), "seconds": 100})
        invoking = world.start("function", "invoke", "slow", "--payload", event)
        pids = _noted(noted)
        os.kill(pids[0] if number % 2 else invoking.pid, signal.SIGKILL)
        out = invoking.communicate()[0].decode("utf-8", "replace")
        if number % 2:
            honest = invoking.returncode == 1 and "signal: killed" in out
            world.lose_unless(honest, f"status {invoking.returncode}: {out[-200:]}")
        world.lose_unless(_ended(pids), "a process of the function is left")
    event = json.dumps({"noted": str(scratch / "last"), "seconds": 0})
    status, said = world.run("function", "invoke", "slow", "--payload", event)
    world.lose_unless(status == 0 and "answered" in said, f"the next: {status}: {said[-200:]}")
    world.check_state()
    return world.row(
        "`kill -9` of a function's process while it runs, and of `cicd function invoke`",
        TIMES,
        "who invoked it is told that it was killed; nothing that it began is left when either "
        "has died; the next invocation answers",
    )


def _noted(place: Path) -> list[int]:
    end = time.monotonic() + PATIENCE
    while not place.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return [int(pid) for pid in place.read_text("utf-8").split()]


def _ended(pids: list[int]) -> bool:
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


FUNCTIONS: dict[str, Callable[[Path], Row]] = {"kill-function": kill_function}
