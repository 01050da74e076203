"""Faults: what looks after the state is killed: prune, backup, restore."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from faults_world import EXPECTED, Row, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUILDS = 4
MOMENTS = 12  # the first half of a life is Python's own start


def kill_prune(scratch: Path) -> Row:
    """Kill `cicd prune`, then prune again."""
    world = _built(scratch)
    words = ("prune", "--older-than", "0s")
    life = _life(world, ("prune", "--older-than", "0s", "--dry-run"))
    killed = 0
    for moment in range(MOMENTS):
        world.run("build", "--runner", "host")
        killed += _killed(world, words, life * (0.5 + moment / MOMENTS / 1.5))
        world.check_state()
        newest = [line for line in world.run("logs")[1].splitlines() if line in EXPECTED]
        world.lose_unless(newest == EXPECTED, f"the log of the newest build is {newest}")
    status, said = world.run(*words)
    world.lose_unless(status == 0, f"the next prune ended with {status}: {said[-200:]}")
    return world.row(
        "`kill -9` of `cicd prune`",
        killed,
        "the state is sound, the newest build has all it needs, and the next prune goes on",
    )


def kill_backup(scratch: Path) -> Row:
    """Kill `cicd state backup`: there is a whole file or none."""
    world = _built(scratch)
    life = _life(world, ("state", "check"))  # takes about as long, and leaves no file
    killed = whole = 0
    for moment in range(MOMENTS):
        into = scratch / f"{moment}.tar.gz"
        words = ("state", "backup", str(into))
        killed += _killed(world, words, life * (0.5 + moment / MOMENTS / 1.5))
        if into.exists():
            whole += 1
            other = World(directory=scratch / f"other-{moment}")
            status, said = other.run("state", "restore", str(into))
            world.lose_unless(status == 0, f"half a backup was left: {said[-200:]}")
    status, said = world.run("state", "backup", str(scratch / "last.tar.gz"))
    world.lose_unless(status == 0, f"the next backup ended with {status}: {said[-200:]}")
    left = [path.name for path in scratch.iterdir() if path.name.startswith(".cicd-")]
    world.lose_unless(not left, f"{left} was left beside the backups")
    world.check_state()
    return world.row(
        "`kill -9` of `cicd state backup`",
        killed,
        f"{whole} files were there, each whole; the next backup leaves nothing of the others",
    )


def kill_restore(scratch: Path) -> Row:
    """Kill `cicd state restore --replace`, then restore again."""
    world = _built(scratch)
    saved = scratch / "saved.tar.gz"
    world.run("state", "backup", str(saved))
    (world.home / "instances" / "web").mkdir(parents=True)
    before = _ids(world)
    words = ("state", "restore", str(saved), "--replace")
    life = _life(world, words)
    killed = asides = 0
    for moment in range(MOMENTS):
        world.run("build", "--runner", "host")
        killed += _killed(world, words, life * (0.5 + moment / MOMENTS / 1.5))
        status, said = world.run(*words)
        world.lose_unless(status == 0, f"restored again with {status}: {said[-200:]}")
        world.lose_unless(_ids(world) == before, "the builds are not those of the backup")
        world.lose_unless((world.home / "instances" / "web").is_dir(), "instances are not there")
        aside = [*world.directory.glob(".cicd.before-*/state.db")]
        world.lose_unless(len(aside) > asides, "what was there before is not aside")
        asides = len(aside)
        world.check_state()
    left = [path.name for path in world.directory.glob(".cicd.restored-*")]
    world.lose_unless(not left, f"{left} was left")
    return world.row(
        "`kill -9` of `cicd state restore --replace`",
        killed,
        "restored again, all of the backup is there, instances too, and what was before is aside",
    )


def _built(scratch: Path) -> World:
    world = World(directory=scratch / "app")
    for _ in range(BUILDS):
        world.run("build", "--runner", "host")
    return world


def _ids(world: World) -> object:
    return world.result("builds", "list", "--limit", "1000").get("ids")


def _life(world: World, words: tuple[str, ...]) -> float:
    """Give the seconds that a command takes which may be given again, at the third time."""
    for _ in range(3):
        begun = time.monotonic()
        status, said = world.run(*words)
        world.lose_unless(status == 0, f"cicd {words[0]} ended with {status}: {said[-200:]}")
    return time.monotonic() - begun


def _killed(world: World, words: tuple[str, ...], seconds: float) -> bool:
    """Kill a command so many seconds after its start; False if it had ended."""
    process = world.start(*words)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


UPKEEP: dict[str, Callable[[Path], Row]] = {
    "kill-prune": kill_prune,
    "kill-backup": kill_backup,
    "kill-restore": kill_restore,
}
