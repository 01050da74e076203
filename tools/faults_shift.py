"""Faults: who shifts traffic is killed at each step, for a function and for a service."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from faults_traffic import Client, need_ports, page
from faults_world import ROOT, Row, Skipped, World, killed_over_life, lived, resumed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WEIGHTS = [25, 50, 75, 100]
FUNCTION_SHIFT = ("--strategy", "Linear", "--percentage", "25", "--interval", "1m")
IMAGE = "cicd-test:latest"
PORTS = (8290, 8291)  # of the sample's listeners
MOMENTS = 6  # of a service's deployment, which takes long


def kill_function_shift(scratch: Path) -> Row:
    """Kill `cicd deploy` while it shifts an alias, then resume it."""
    world = World(directory=scratch / "greet")
    shutil.copytree(ROOT / "samples" / "function", world.directory, dirs_exist_ok=True)
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    code = ("--runtime", runtime, "--timeout", "60", "--code")
    for words in (
        ("function", "create", "greet", *code, "src", "--handler", "greet.handler", "--publish"),
        ("function", "update", "greet", "--env", "GREETING=Hi", "--publish"),
        ("function", "create", "check-greet", *code, "hooks", "--handler", "check.handler"),
    ):
        status, said = world.run(*words)
        world.lose_unless(status == 0, f"cicd {' '.join(words)}: {said[-200:]}")

    def give_back(_: int) -> None:
        world.run("function", "alias", "greet", "live", "--version", "1")

    give_back(0)
    words = ("deploy", "--speed", "60", *FUNCTION_SHIFT)
    killed = ended = 0
    for alive in killed_over_life(
        world, *words, life=lived(world, *words, times=1), prepare=give_back
    ):
        killed += alive
        for deployment in resumed(world, "deployment", "--speed", "60"):
            ended += 1
            alias = world.result("function", "alias", "greet", "live")
            whole = alias.get("FunctionVersion") == "2" and "RoutingConfig" not in alias
            world.lose_unless(whole, f"the alias is {alias}")
            _see_steps(world, deployment, WEIGHTS)
    world.check_state()
    return world.row(
        "`kill -9` of `cicd deploy` while it shifts an alias to a next version, in steps",
        killed,
        f"{ended} were resumed to Succeeded, with each step taken once, in its order, and the "
        "alias at the new version",
    )


def kill_service_shift(scratch: Path) -> Row:
    """Kill `cicd deploy` while it replaces a service's tasks and shifts the traffic; resume it."""
    need_ports(*PORTS)
    if subprocess.run(
        ["docker", "image", "inspect", IMAGE], capture_output=True, check=False
    ).returncode:
        raise Skipped(f"it needs an engine, and the image {IMAGE}, which './run test' makes")
    world = World(directory=scratch / "greeter")
    shutil.copytree(ROOT / "samples" / "canary", world.directory, dirs_exist_ok=True)
    taskdef = world.directory / "taskdef.json"
    text = taskdef.read_text("utf-8")
    words = ("deploy", "--speed", "120", "--image", f"IMAGE1_NAME={IMAGE}")
    lived(world, *words, times=1)  # it shifts nothing

    def greet(moment: int) -> None:
        taskdef.write_text(text.replace("from version 1", f"from moment {moment}"), "utf-8")

    greet(-1)
    client = Client(PORTS[0])
    killed = ended = 0
    try:
        life = lived(world, *words, times=1)
        for number, alive in enumerate(
            killed_over_life(world, *words, life=life, moments=MOMENTS, prepare=greet)
        ):
            killed += alive
            for deployment in resumed(world, "deployment", "--speed", "120"):
                ended += 1
                _see_steps(world, deployment, [10, 100])
                said = page(PORTS[0]).decode().strip()
                world.lose_unless(said.endswith(f"from moment {number}"), f"it says {said}")
    finally:
        client.leave()
        status, said = world.run("service", "rm", "greeter")
        world.lose_unless(status == 0, f"service rm ended with {status}: {said[-200:]}")
    bad = client.refused + client.cut
    world.lose_unless(bad == 0, f"{bad} of {client.asked} requests failed")
    world.check_state()
    return world.row(
        "`kill -9` of `cicd deploy` while it replaces the containers of a service, in a canary",
        killed,
        f"{ended} were resumed to Succeeded, with each step taken once and the new version there; "
        f"of {client.asked} requests meanwhile none failed",
    )


def _see_steps(world: World, deployment: str, weights: list[int]) -> None:
    steps = world.result("deploy", "report", deployment).get("steps")
    taken = [each["weight"] for each in steps] if isinstance(steps, list) else []
    world.lose_unless(taken == weights, f"the steps of {deployment} are {json.dumps(taken)}")


SHIFTS: dict[str, Callable[[Path], Row]] = {
    "kill-function-shift": kill_function_shift,
    "kill-service-shift": kill_service_shift,
}
