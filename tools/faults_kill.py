"""Faults: each process of ours is killed, at moments spread over the life of a run."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import Row, World, killed_over_life, left, lived, resumed, usual_runner

if TYPE_CHECKING:
    from collections.abc import Callable

SITE = {"index.html": "<p>hello</p>\n"}


def kill_build(scratch: Path) -> Row:
    """Kill `cicd build`, then resume it."""
    world = World(directory=scratch / "app")
    words = ("build", "--runner", usual_runner())
    killed = succeeded = unbegun = 0
    for alive in killed_over_life(world, *words, life=lived(world, *words)):
        killed += alive
        for build in left(world, "build"):
            status, said = world.run("builds", "resume", build)
            if status == 4 and "found dead" in said and not world.printed(build):
                unbegun += 1  # killed while its session was being made: no command had begun
                continue
            world.lose_unless(status == 0, f"resume of a build ended with {status}: {said[-200:]}")
            world.check_log(build)
            succeeded += 1
    world.check_state()
    return world.row(
        "`kill -9` of `cicd build`, at moments from start to end",
        killed,
        f"{succeeded} were resumed to SUCCEEDED, every line once; {unbegun} were hit before their"
        " first command, and ended as FAULT",
    )


def kill_session(scratch: Path) -> Row:
    """Kill the process that runs a build's commands."""
    world = World(directory=scratch / "app")
    ended = 0
    for _ in range(3):
        process = world.start("build", "--runner", "host")
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"line 3"):
                break
        for pid in _drivers(world.home):
            os.kill(pid, signal.SIGKILL)
        said = process.communicate()[0]
        honest = process.returncode == 4 and b"found dead" in said
        ended += honest
        world.lose_unless("line 3" in world.run("logs")[1].splitlines(), "a line is lost")
        world.lose_unless(honest, f"status {process.returncode}: {said[-200:]!r}")
    world.check_state()
    return world.row(
        "`kill -9` of the process that runs a build's commands",
        3,
        f"{ended} builds ended as FAULT, said why, and have in their logs what was printed",
    )


def kill_pipeline(scratch: Path) -> Row:
    """Kill `cicd pipeline run` with its build and deployment, then resume it."""
    return _kill_rollout(
        _site(scratch),
        "pipeline",
        ("pipeline", "run"),
        "`kill -9` of `cicd pipeline run`, from source to deployment",
    )


def kill_deployment(scratch: Path) -> Row:
    """Kill `cicd deploy`, then resume it."""
    return _kill_rollout(
        _site(scratch),
        "deployment",
        ("deploy",),
        "`kill -9` of `cicd deploy`, in every lifecycle event",
    )


def _kill_rollout(world: World, kind: str, words: tuple[str, ...], did: str) -> Row:
    page = world.directory / "index.html"

    def change(moment: int) -> None:
        page.write_text(f"<p>version {moment}</p>\n", "utf-8")
        world.git("commit", "-qam", f"version {moment}")

    killed = ended = 0
    for alive in killed_over_life(world, *words, life=lived(world, *words), prepare=change):
        killed += alive
        unfinished = resumed(world, kind)
        ended += len(unfinished)
        if unfinished:
            _see_deployed(world, page.read_text("utf-8"))
    world.check_state()
    return world.row(
        did,
        killed,
        f"{ended} were resumed to Succeeded, with the right version on both instances",
    )


def _site(scratch: Path) -> World:
    world = World(directory=scratch / "site")
    (world.directory / "buildspec.yml").unlink()
    (world.directory / "index.html").write_text(SITE["index.html"], "utf-8")
    world.git("init", "-q", "-b", "main")
    world.run("init", "--kind", "static", "--runner", usual_runner())
    hook = world.directory / "scripts" / "validate.sh"
    hook.write_text(hook.read_text("utf-8") + "sleep 0.3\n", "utf-8")  # long enough to be hit
    world.commit()
    return world


def _see_deployed(world: World, page: str) -> None:
    for name in ("web-1", "web-2"):
        path = world.home / "instances" / name / "srv" / "site" / "index.html"
        found = path.read_text("utf-8") if path.exists() else "nothing"
        world.lose_unless(found == page, f"{name} has {found.strip()}, not {page.strip()}")


def _drivers(home: Path) -> list[int]:
    """Find the processes whose command line names a driver in one of the home's sessions."""
    wanted = f"{home}/sessions/".encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if wanted in command and b"driver.sh" in command:
            found.append(int(directory.name))
    return found


KILLS: dict[str, Callable[[Path], Row]] = {
    "kill-build": kill_build,
    "kill-session": kill_session,
    "kill-pipeline": kill_pipeline,
    "kill-deployment": kill_deployment,
}
