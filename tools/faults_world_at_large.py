"""Faults of what is around: the clock jumps, many run at once, the engine starts anew."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faults_world import ROOT, SPEC, Row, Skipped, World, left, newest, usual_runner

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 8
SILENCE = 35.0  # seconds after which another machine's driver counts as dead, and some more
ELSEWHERE = (
    *("unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("sh", "-c", 'hostname elsewhere && exec "$0" "$@"'),
)
RESOURCES = "projects: [{{name: app, source: {{type: NO_SOURCE}}, timeoutInMinutes: {}}}]\n"


def clock_jumps(scratch: Path) -> Row:
    """Let the clock jump by an hour in the middle of a build, and between kill and resume."""
    offset = scratch / "offset"
    world = World(directory=scratch / "app")
    world.program = (str(Path(__file__).with_name("faults_clock.py")), str(offset))
    times = 0
    for jump in ("3600", "-3600"):
        for resumed in (False, True):
            times += 1
            minutes = 480 if resumed else 5
            (world.directory / "cicd.yml").write_text(RESOURCES.format(minutes), "utf-8")
            offset.write_text("0", "utf-8")
            process = world.start("build", "--runner", "host")
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(b"line 3"):
                    break
            if resumed:
                process.kill()
                process.communicate()
            offset.write_text(jump, "utf-8")
            if not resumed:
                said = process.communicate()[0]
                world.lose_unless(process.returncode == 0, f"{jump}: {said[-300:]!r}")
            build = newest(world, "build")
            if resumed:
                status, out = world.run("builds", "resume", build)
                world.lose_unless(status == 0, f"{jump}, resumed: {status}: {out[-300:]}")
            world.check_log(build)
    world.check_state()
    return world.row(
        "the clock jumps by an hour, forward and back, while a build runs and while it lies still",
        times,
        "all ended as SUCCEEDED, every line once, also with a timeout of 5 minutes where they ran"
        " on; time that a build lies still counts",
    )


def many_at_once(scratch: Path) -> Row:
    """Start many runs of one repository at the same moment, with readers beside them."""
    world = World(directory=scratch / "app")
    runs = [world.start("build", "--runner", usual_runner()) for _ in range(AT_ONCE)]
    readers = [world.start("status", "--output", "json") for _ in range(4)]
    for process in [*runs, *readers]:
        said = process.communicate()[0]
        world.lose_unless(process.returncode == 0, f"{process.returncode}: {said[-300:]!r}")
    executions = world.result("status", "--limit", "100").get("executions")
    builds = executions["build"] if isinstance(executions, dict) else []
    numbers = sorted(each["number"] for each in builds)
    world.lose_unless(numbers == [*range(1, AT_ONCE + 1)], f"the numbers are {numbers}")
    for each in builds:
        world.check_log(each["id"])
    world.check_state()
    return world.row(
        f"{AT_ONCE} builds and 4 readers of one repository, started at once in a fresh home",
        AT_ONCE + 4,
        f"all succeeded, numbered 1 to {AT_ONCE}, no line of one in the log of another",
    )


def two_machines(scratch: Path) -> Row:
    """Run builds from two machines on one home; let one of them die, and follow it."""
    world = World(directory=scratch / "app")
    other = World(directory=scratch / "app", before=ELSEWHERE, losses=world.losses)
    if subprocess.run([*ELSEWHERE, "true"], check=False, capture_output=True).returncode:
        raise Skipped("another machine cannot be played here: unshare needs root")
    runs = [each.start("build", "--runner", "host") for _ in range(4) for each in (world, other)]
    for process in runs:
        said = process.communicate()[0]
        world.lose_unless(process.returncode == 0, f"{process.returncode}: {said[-300:]!r}")
    executions = world.result("status", "--limit", "100").get("executions")
    builds = executions["build"] if isinstance(executions, dict) else []
    numbers = sorted(each["number"] for each in builds)
    world.lose_unless(numbers == [*range(1, 9)], f"the numbers are {numbers}")
    for each in builds:
        world.check_log(each["id"])
    # One that lasts until it has been asked about, however slow this machine is.
    spec = world.directory / "buildspec.yml"
    spec.write_text(SPEC.replace("sleep 0.05", "sleep 5"), "utf-8")
    process = other.start("build", "--runner", "host")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"line 2"):
            break
    build = newest(world, "build")
    status, said = world.run("builds", "resume", build)
    world.lose_unless(status != 0 and "on elsewhere" in said, f"{status}: {said[-200:]}")
    process.kill()
    process.communicate()
    time.sleep(SILENCE)
    status, said = world.run("builds", "resume", build)
    world.lose_unless(status in {0, 4}, f"{status}: {said[-200:]}")
    world.lose_unless("line 2" in world.printed(build), "a line is lost")
    world.lose_unless(not left(world, "build"), "it has not ended")
    world.check_state()
    return world.row(
        "two machines (host names and process numbers of their own) run builds on one home, and "
        "one of them dies",
        9,
        "8 at once succeed, numbered 1 to 8; who would follow the living one is told on which "
        "machine it is driven; 30 s after the other has died its build is ended, with all it said",
    )


def one_driver(scratch: Path) -> Row:
    """Have several try to resume one build at the same moment."""
    world = World(directory=scratch / "app")
    process = world.start("build", "--runner", usual_runner())
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"line 2"):
            break
    process.kill()
    process.communicate()
    build = newest(world, "build")
    drivers = [world.start("builds", "resume", build) for _ in range(4)]
    ends = []
    for driver in drivers:
        said = driver.communicate()[0]
        ends.append(driver.returncode)
        world.lose_unless(driver.returncode in {0, 2, 4}, f"{driver.returncode}: {said[-200:]!r}")
    world.lose_unless(0 in ends, f"nobody carried it on: {ends}")
    world.check_log(build)
    world.check_state()
    return world.row(
        "4 resume one build at the same moment",
        4,
        "one drives it to SUCCEEDED, the others are told who does; every line once",
    )


def engine_restarts(scratch: Path) -> Row:
    """Stop an engine of our own in the middle of a build, and start it anew."""
    for tool in ("dockerd", "docker", "unshare"):
        if shutil.which(tool) is None:
            raise Skipped(f"it needs {tool}")
    image = "cicd-test:latest"
    saved = scratch / "image.tar"
    done = subprocess.run(
        ["docker", "save", "-o", saved, image], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Skipped(f"it needs the image {image}, which './run test' makes, and root")
    # In namespaces of its own, so that the engine of this machine keeps its network.
    script = Path(__file__).with_name("faults_engine.sh")
    done = subprocess.run(
        ["unshare", "-n", "-m", "sh", script, scratch, saved, image, sys.executable],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 3:
        raise Skipped(f"a second engine does not start here: {done.stdout[-200:].strip()}")
    world = World(directory=scratch / "app")
    world.lose_unless(done.returncode == 0, f"{done.returncode}: {done.stdout[-400:]}")
    world.check_state()
    return world.row(
        "the Docker engine is killed in the middle of a build, and started anew",
        1,
        "the build ends as failed and says that its container died; the next one succeeds",
    )


AT_LARGE: dict[str, Callable[[Path], Row]] = {
    "clock-jumps": clock_jumps,
    "many-at-once": many_at_once,
    "one-driver": one_driver,
    "two-machines": two_machines,
    "engine-restarts": engine_restarts,
}
