"""Faults: the disk is full under the state, the logs, the artifacts."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from faults_world import SPEC, Row, Skipped, World, usual_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = 16 << 20  # bytes of the small disk
ROOM = (0, 16, 64, 256)  # KB that are left on it when a build begins
MUCH = SPEC.replace("echo first;", "head -c 400000 /dev/urandom | base64 > big.txt; cat big.txt;")


def full(place: str, scratch: Path) -> Row:
    """Fill the disk under ``place`` of the home, build, make room, and go on."""
    world = World(directory=scratch / "app")
    (world.directory / "buildspec.yml").write_text(
        MUCH.replace("[made.txt]", "['*.txt']"), "utf-8"
    )
    words = ("build", "--runner", usual_runner())
    world.run(*words)
    kept = _contents(world)
    said: set[int] = set()
    resumed = faulted = unbegun = 0
    target = world.home / place
    with _small_disk(target):
        for room in ROOM:
            ballast = target / "ballast"
            free = shutil.disk_usage(target).free
            with ballast.open("wb") as file:
                file.write(b"\0" * max(0, free - room * 1024))
            status, out = world.run(*words)
            world.lose_unless(status in {0, 1, 4}, f"status {status}: {out[-200:]}")
            world.lose_unless(
                status == 0 or "No space" in out or "disk is full" in out, f"said {out[-200:]}"
            )
            said.add(status)
            for reads in (("status",), ("logs",), ("prune", "--dry-run")):
                status, out = world.run(*reads)
                world.lose_unless(
                    status == 0, f"cicd {reads[0]} ended with {status}: {out[-200:]}"
                )
            ballast.unlink()
            executions = world.result("status").get("executions")
            builds = executions.get("build", []) if isinstance(executions, dict) else []
            for build in builds:
                if build["leftInTheMiddle"]:
                    status, out = world.run("builds", "resume", build["id"])
                    # What was to be printed while nothing could be written is not made up.
                    if status == 4 and "found dead" in out:
                        faulted += 1
                    elif status == 2 and "there is no build" in out:
                        unbegun += 1  # not even its plan could be written
                    else:
                        resumed += 1
                        world.lose_unless(
                            status in {0, 1}, f"resume ended with {status}: {out[-200:]}"
                        )
            world.check_state()
            status, out = world.run(*words)
            world.lose_unless(status == 0, f"no build after there was room again: {out[-200:]}")
        for path, content in kept.items():
            world.lose_unless(path.read_bytes() == content, f"{path.name} has changed")
    return world.row(
        f"the disk is full under {place or 'the whole home'}, with 0 to {ROOM[-1]} KB left",
        len(ROOM),
        f"statuses {sorted(said)}, with the words of the disk, and what only reads works; of the "
        f"builds that were cut off, {resumed} went on when there was room, {faulted} ended as "
        f"FAULT for their session had died, {unbegun} had not begun; earlier runs whole, and the "
        "next build works",
    )


def _contents(world: World) -> dict[Path, bytes]:
    found = [*world.home.glob("logs/**/*.log"), *world.home.glob("artifacts/??/*.zip")]
    return {path: path.read_bytes() for path in found}


@contextmanager
def _small_disk(target: Path) -> Iterator[None]:
    """Put a small disk where a directory is, with all that is in it."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise Skipped("mounting a small disk needs root")
    aside = target.with_name(f"{target.name}.aside")
    shutil.copytree(target, aside, symlinks=True)
    options = f"size={SIZE},mode=700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", target], capture_output=True, check=False
    )
    if done.returncode:
        raise Skipped("this machine lets nobody mount a small disk")
    try:
        shutil.copytree(aside, target, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "-l", target], check=True)


DISK: dict[str, Callable[[Path], Row]] = {
    "full-home": partial(full, ""),
    "full-logs": partial(full, "logs"),
    "full-artifacts": partial(full, "artifacts"),
}
