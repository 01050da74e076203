"""Faults: who makes, scales and ends a fleet is killed; a member's hooks take their time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import Row, World, killed_over_life, left, lived

if TYPE_CHECKING:
    from collections.abc import Callable

RESOURCES = """applications:
  - applicationName: site
    computePlatform: Server
    deploymentGroups:
      - deploymentGroupName: web
        deploymentConfigName: CodeDeployDefault.AllAtOnce
        autoScalingGroups: [web]
"""
APPSPEC = """version: 0.0
os: linux
files: [{source: index.html, destination: /srv/site}]
hooks:
  ApplicationStop: [{location: wait.sh}]
  AfterInstall: [{location: wait.sh}]
"""


FILES = {
    "cicd.yml": RESOURCES,
    "appspec.yml": APPSPEC,
    "index.html": "<p>hello</p>\n",
    "wait.sh": "#!/bin/sh\nsleep 0.2\n",
}
UP = ("fleet", "up", "web", "--count", "2", "--directory")
DOWN = ("fleet", "down", "web")
# What stands before, what is killed, and how many members there are in the end.
COMMANDS = (
    (DOWN, UP, 2),
    (("fleet", "scale", "web", "1"), ("fleet", "scale", "web", "3"), 3),
    (("fleet", "scale", "web", "3"), ("fleet", "scale", "web", "1"), 1),
    (UP, DOWN, 0),
)
MOMENTS = 6  # of each command


def kill_fleet(scratch: Path) -> Row:
    """Kill `cicd fleet up`, `scale` and `down`; the same command again ends what it began."""
    world = World(directory=scratch / "site")
    for name, text in FILES.items():
        (world.directory / name).write_text(text, "utf-8")
    (world.directory / "wait.sh").chmod(0o755)
    lived(world, *UP, times=1)
    lived(world, "deploy")
    killed = 0
    for before, command, members in COMMANDS:
        world.run(*before)
        for alive in killed_over_life(
            world,
            *command,
            life=lived(world, *command, times=1),
            moments=MOMENTS,
            prepare=lambda _, before=before: world.run(*before),  # type: ignore[misc]
        ):
            killed += alive
            if alive:
                status, said = world.run(*command)
                ended = status == 0 or (command is DOWN and "there is no fleet" in said)
                world.lose_unless(ended, f"{' '.join(command)} again: {status}: {said[-200:]}")
            _see(world, members)
    world.check_state()
    return world.row(
        "`kill -9` of `cicd fleet up`, `scale` and `down`, while members join and leave",
        killed,
        "the same command again ends it: so many members, each with the group's revision, and "
        "no files of others",
    )


def _see(world: World, members: int) -> None:
    """See that there are so many members, all in service and with the revision, and no more."""
    found = world.result("fleet", "list")["AutoScalingGroups"]
    assert isinstance(found, list)
    instances = [each for fleet in found for each in fleet["Instances"]]
    states = [each["LifecycleState"] for each in instances]
    world.lose_unless(states == ["InService"] * members, f"not {members} members: {states}")
    places = [Path(each["Local"]["location"]) for each in instances]
    for place in places:
        page = place / "srv" / "site" / "index.html"
        world.lose_unless(page.exists(), f"{place.name} has no revision")
    there = sorted(world.home.glob("fleets/web/web-*"))
    world.lose_unless(there == sorted(places), f"there are {[each.name for each in there]}")
    world.lose_unless(not left(world, "deployment"), "a deployment has not ended")


FLEETS: dict[str, Callable[[Path], Row]] = {"kill-fleet": kill_fleet}
