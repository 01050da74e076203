"""Faults: a push is killed on a tree that is dirty in every way, and a batch of builds."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import ROOT, Row, World, killed_over_life, left, lived, usual_runner

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENTS = 20
BUILDS = 3
CHECK = "check:\n  commands: [{name: look, run: 'sleep 0.5; test -e said'}]\n"
LINES = [f"line {number}" for number in range(12)]
BATCH = """version: 0.2
batch:
  build-list: [{identifier: one}, {identifier: two}, {identifier: three}]
phases:
  build: {commands: ["i=0; while [ $i -lt 12 ]; do echo line $i; i=$((i+1)); sleep 0.05; done"]}
"""


def kill_push(scratch: Path) -> Row:
    """Kill `git push` with its hook and all checks, at moments from start to end."""
    world = World(directory=scratch / "app")
    world.git("init", "-q", "--bare", str(scratch / "remote.git"))
    place = world.directory
    for name, text in {"cicd.yml": CHECK, "said": "1", "staged": "1", "changed": "1"}.items():
        (place / name).write_text(text, "utf-8")
    world.commit()
    world.git("remote", "add", "origin", str(scratch / "remote.git"))
    (place / "changed").write_text("stashed", "utf-8")
    world.git("stash")
    (place / "staged").write_text("2", "utf-8")
    world.git("add", "staged")
    (place / "changed").write_text("2", "utf-8")
    (place / "new").write_text("3", "utf-8")
    (place / "said").unlink()
    world.run("hooks", "install")
    begun = time.monotonic()
    world.lose_unless(_push(world, "--dry-run").wait() == 0, "a whole push does not pass")
    life = time.monotonic() - begun
    for receipt in world.home.glob("receipts/*"):
        receipt.unlink()
    before = _every_byte(place)
    killed = 0
    for moment in range(MOMENTS):
        push = _push(world, "--dry-run")
        time.sleep(life * (moment + 0.5) / MOMENTS)
        killed += push.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(push.pid, signal.SIGKILL)
        push.wait()
        world.lose_unless(_every_byte(place) == before, f"something has changed at {moment}")
        for receipt in world.home.glob("receipts/*"):
            receipt.unlink()
    world.lose_unless(_push(world).wait() == 0, "the next push does not pass")
    left_over = [path.name for path in (world.home / "checks").iterdir()]
    world.lose_unless(not left_over, f"{left_over} was left")
    return world.row(
        "`kill -9` of `git push`, its hook and all checks, on a tree with staged, changed, new, "
        "removed and stashed files",
        killed,
        "files, modes, times, index, stash and refs are as they were, bit by bit; the next push "
        "passes, and nothing is left in the home",
    )


def kill_batch(scratch: Path) -> Row:
    """Kill `cicd build --batch`, then resume it."""
    world = World(directory=scratch / "app")
    (world.directory / "buildspec.yml").write_text(BATCH, "utf-8")
    (world.directory / "cicd.yml").write_text(
        "projects: [{name: app, source: {type: NO_SOURCE}, buildBatchConfig: {}}]\n", "utf-8"
    )
    words = ("build", "--batch", "--runner", usual_runner())
    life = lived(world, *words)
    before: set[str] = set()
    killed = resumed = 0
    for alive in killed_over_life(
        world,
        *words,
        life=life,
        moments=MOMENTS // 4,
        prepare=lambda _: before.update(_builds(world)),
    ):
        killed += alive
        for batch in left(world, "build-batch"):
            status, said = world.run("batches", "resume", batch)
            whole = status == 0 or (status == 4 and "found dead" in said)
            world.lose_unless(whole, f"resume ended with {status}: {said[-200:]}")
            own = set(_builds(world)) - before
            world.lose_unless(len(own) <= BUILDS, f"{len(own)} builds for {BUILDS}")
            for build in own if status == 0 else ():
                printed = world.printed(build)
                world.lose_unless(printed == LINES, f"the log of {build} is {printed}")
            resumed += 1
    world.check_state()
    return world.row(
        f"`kill -9` of `cicd build --batch` with {BUILDS} builds",
        killed,
        f"{resumed} were resumed to their end, with no build run twice, every line once",
    )


def _builds(world: World) -> list[str]:
    """Give the ids of all builds."""
    found = world.result("builds", "list", "--limit", "1000").get("ids")
    return [str(each) for each in found] if isinstance(found, list) else []


def _push(world: World, *words: str) -> subprocess.Popen[bytes]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.Popen(
        ["git", "push", *words, "origin", "main"],
        cwd=world.directory,
        env={**world.environment(), "PATH": path, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _every_byte(directory: Path) -> str:
    """Give a digest of every file's name, content, mode and time; the home aside."""
    digest = hashlib.sha256()
    for place, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name != ".cicd")
        for name in sorted(names):
            path = Path(place, name)
            status = path.lstat()
            digest.update(f"{path}\0{status.st_mode}\0{status.st_mtime_ns}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


PUSHES: dict[str, Callable[[Path], Row]] = {"kill-push": kill_push, "kill-batch": kill_batch}
