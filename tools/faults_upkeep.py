"""Faults: what looks after the state is killed: prune, backup, restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults_world import EXPECTED, Row, World, killed_over_life, lived

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUILDS = 4
MOMENTS = 12


def kill_prune(scratch: Path) -> Row:
    """Kill `cicd prune`, then prune again."""
    world = _built(scratch)
    words = ("prune", "--older-than", "0s")
    killed = 0
    for alive in killed_over_life(
        world,
        *words,
        life=lived(world, *words, "--dry-run"),
        moments=MOMENTS,
        prepare=lambda _: world.run("build", "--runner", "host"),
    ):
        killed += alive
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
    into = scratch / "saved.tar.gz"
    life = lived(world, "state", "backup", str(scratch / "rehearsed.tar.gz"), times=1)
    killed = whole = 0
    for alive in killed_over_life(world, "state", "backup", str(into), life=life, moments=MOMENTS):
        killed += alive
        if into.exists():
            whole += 1
            other = World(directory=scratch / f"other-{whole}", losses=world.losses)
            status, said = other.run("state", "restore", str(into))
            world.lose_unless(status == 0, f"half a backup was left: {said[-200:]}")
            into.unlink()
    status, said = world.run("state", "backup", str(into))
    world.lose_unless(status == 0, f"the next backup ended with {status}: {said[-200:]}")
    remains = [path.name for path in scratch.iterdir() if path.name.startswith(".cicd-")]
    world.lose_unless(not remains, f"{remains} was left beside the backups")
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
    killed = asides = 0
    for alive in killed_over_life(
        world,
        *words,
        life=lived(world, *words),
        moments=MOMENTS,
        prepare=lambda _: world.run("build", "--runner", "host"),
    ):
        killed += alive
        status, said = world.run(*words)
        world.lose_unless(status == 0, f"restored again with {status}: {said[-200:]}")
        world.lose_unless(_ids(world) == before, "the builds are not those of the backup")
        world.lose_unless((world.home / "instances" / "web").is_dir(), "instances are not there")
        aside = [*world.directory.glob(".cicd.before-*/state.db")]
        world.lose_unless(len(aside) > asides, "what was there before is not aside")
        asides = len(aside)
        world.check_state()
    remains = [path.name for path in world.directory.glob(".cicd.restored-*")]
    world.lose_unless(not remains, f"{remains} was left")
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


UPKEEP: dict[str, Callable[[Path], Row]] = {
    "kill-prune": kill_prune,
    "kill-backup": kill_backup,
    "kill-restore": kill_restore,
}
