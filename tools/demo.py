"""
The main job on a real application: build, test and deploy ``samples/shop`` to three instances.

    python tools/demo.py           # run the pipeline
    python tools/demo.py broken    # with a bug: it stops, the instances keep the old version
    python tools/demo.py repair    # with the bug mended
    python tools/demo.py stop      # end the three servers

All of it happens in ``.demo``; the wheels that the builds install are fetched there once,
so that they need no network and are the same every time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SAMPLE = HERE / "samples" / "shop"
DEMO = HERE / ".demo"
SHOP = DEMO / "shop"
WHEELS = DEMO / "wheelhouse"
PROGRAMS = Path(sys.executable).parent
INSTANCES = ("web-1", "web-2", "web-3")
FIRST_PORT = 8091
IMAGE = "aws/codebuild/standard:7.0"
GOOD = "if pieces >= DISCOUNT_FROM:"
BAD = "if pieces > DISCOUNT_FROM:"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of a proxy


def say(text: str) -> None:
    """Tell the person, in order with what the programs print."""
    print(text, flush=True)


def works(*command: str) -> bool:
    """Tell whether a program is there and succeeds."""
    try:
        return (
            subprocess.run(command, check=False, capture_output=True, timeout=300).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def git(*arguments: str) -> str:
    """Run git in the shop, untouched by the settings of the person who looks on."""
    settings = ("user.name=demo", "user.email=demo@example.com", "commit.gpgsign=false")
    words = [word for setting in settings for word in ("-c", setting)]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    command = ("git", *words, "-c", "core.hooksPath=/dev/null", *arguments)
    done = subprocess.run(
        command, cwd=SHOP, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return done.stdout.strip()


def server(instance: str) -> int | None:
    """Give the process that serves an instance, if it lives."""
    try:
        pid = int((SHOP / ".cicd/instances" / instance / "var/lib/shop/pid").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid if "-m shop" in command_of(pid) else None


def command_of(pid: int) -> str:
    """Give the command line of a process, "" when there is none."""
    file = Path(f"/proc/{pid}/cmdline")
    if file.exists():
        return file.read_text(encoding="utf-8").replace("\0", " ")
    command = ("ps", "-ww", "-p", str(pid), "-o", "command=")
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout


# ── What the build runs in ────────────────────────────────────────────────────────────────────


def usable_image() -> str | None:
    """Give an image with Python and pip that the engine has, makes or pulls; None: no engine."""
    if not works("docker", "version"):
        return None
    named = os.environ.get("CICD_TEST_IMAGE")
    for image in (named,) if named else ("cicd-test:latest", "python:3.12-slim"):
        there = works("docker", "image", "inspect", image)
        if not there and image == "cicd-test:latest" and shutil.which("dpkg-query"):
            say(f"Making the image {image} of this machine's packages")
            there = works(sys.executable, str(HERE / "tools" / "base_image.py"), image)
        if (there or works("docker", "pull", image)) and works(
            "docker", "run", "--rm", image, "python3", "-m", "pip", "--version"
        ):
            return image
    return None


def choose_runner() -> tuple[str, str | None]:
    """Take Docker where it answers, else the sandbox, else the machine itself; say which."""
    image = usable_image()
    if image:
        say(f"Builds run in Docker, in the image {image}")
        return "docker", image
    if works("bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"):
        say("No usable Docker engine answers: builds run in a sandbox on this machine's tools")
        return "sandbox", None
    say("No usable Docker engine answers, nor is bubblewrap here: builds run on this machine")
    return "host", None


# ── The repository ────────────────────────────────────────────────────────────────────────────


def fetch_wheels() -> None:
    """Download what the builds install, once; pip itself is for machines that have none."""
    wanted = [f"pip=={__import__('pip').__version__}"]
    for name in ("requirements.txt", "requirements-test.txt"):
        wanted += (SAMPLE / name).read_text(encoding="utf-8").split()
    stamp = WHEELS / "wanted.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == wanted:
        return
    say("Fetching the wheels of the sample's dependencies")
    shutil.rmtree(WHEELS, ignore_errors=True)
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
    subprocess.run(
        (sys.executable, "-m", "pip", "download", *options, "--dest", str(WHEELS), *wanted),
        check=True,
    )
    stamp.write_text("\n".join(wanted), encoding="utf-8")


def free_port(after: int, instance: str) -> int:
    """Give the first port above ``after`` that nobody else uses."""
    if server(instance):
        for line in (SHOP / "cicd.yml").read_text(encoding="utf-8").split(f"id: {instance}")[1:]:
            return int(line.split('PORT: "')[1].split('"')[0])
    port = after
    while True:
        port += 1
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def resources(runner: str, image: str | None, ports: dict[str, int]) -> str:
    """Give the sample's ``cicd.yml`` with this machine's runner, image and ports in it."""
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheelhouse"}
    if runner != "docker":  # this machine's Python may come without pip, whose wheel can be run
        variables["PYTHONPATH"] = next(WHEELS.glob("pip-*.whl")).relative_to(DEMO).as_posix()
    listed = "".join(
        f'\n        - {{name: {name}, value: "{text}"}}' for name, text in variables.items()
    )
    text = (SAMPLE / "cicd.yml").read_text(encoding="utf-8")
    text = text.replace(f"image: {IMAGE}", f"image: {IMAGE}\n      environmentVariables:{listed}")
    text = text.replace("runner: docker", f"runner: {runner}")
    text = text.replace("python:3.12-slim", image or "python:3.12-slim")
    return re.sub(
        "|".join(str(FIRST_PORT + index) for index in range(len(INSTANCES))),
        lambda found: str(ports[INSTANCES[int(found[0]) - FIRST_PORT]]),
        text,
    )


def write_shop() -> dict[str, int]:
    """Bring ``.demo/shop`` up to date with the sample; gives each instance's port."""
    runner, image = choose_runner()
    fetch_wheels()
    ports: dict[str, int] = {}
    for instance in INSTANCES:
        ports[instance] = free_port(max(ports.values(), default=FIRST_PORT - 1), instance)
    settings = resources(runner, image, ports)
    leftovers = shutil.ignore_patterns("__pycache__", ".cicd", "packages", "reports", "vendor")
    shutil.copytree(SAMPLE, SHOP, ignore=leftovers, dirs_exist_ok=True)
    shutil.copytree(WHEELS, SHOP / "wheelhouse", dirs_exist_ok=True)
    (SHOP / "cicd.yml").write_text(settings, encoding="utf-8")
    if (SHOP / ".git").exists():
        commit("Bring the shop up to date")
    else:
        git("init", "--quiet", "--initial-branch=main")
        commit("The shop")
    return ports


def commit(message: str) -> None:
    """Commit everything, if there is something."""
    git("add", "--all")
    if git("status", "--porcelain"):
        git("commit", "--quiet", "--message", message)
        say(f"Committed: {message} ({git('rev-parse', '--short=12', 'HEAD')})")


# ── Running and looking ───────────────────────────────────────────────────────────────────────


def run_pipeline() -> int:
    """Run the pipeline in front of the person; gives its exit code."""
    say("\n$ cd .demo/shop && cicd pipeline run\n")
    return subprocess.run((PROGRAMS / "cicd", "pipeline", "run"), cwd=SHOP, check=False).returncode


def failures() -> list[tuple[str, str, str]]:
    """Give stage, action and code of each action of the newest execution that did not succeed."""
    command = (PROGRAMS / "cicd", "pipeline", "status", "--output", "json")
    done = subprocess.run(command, cwd=SHOP, check=True, stdout=subprocess.PIPE, text=True)
    actions = json.loads(done.stdout.splitlines()[-1])["actionExecutionDetails"]
    return [
        (
            each["stageName"],
            each["actionName"],
            each["output"]["executionResult"]["errorDetails"]["code"],
        )
        for each in actions
        if each["status"] == "Failed"
    ]


def versions(ports: dict[str, int]) -> dict[str, str | None]:
    """Ask each instance for the version it serves; None: it does not answer."""
    found: dict[str, str | None] = {}
    for instance, port in ports.items():
        try:
            with DIRECT.open(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                found[instance] = json.load(answer)["version"]
        except (OSError, ValueError):
            found[instance] = None
    return found


def show(ports: dict[str, int], serving: dict[str, str | None]) -> None:
    """Print where each instance serves, and what."""
    say("")
    for instance, port in ports.items():
        what = serving[instance]
        served = f"serves version {what}" if what else "does not answer"
        say(f"  {instance}  http://127.0.0.1:{port}/  {served}")
    say("")


def deploy(ports: dict[str, int]) -> int:
    """Run the pipeline, and prove that every instance serves the commit."""
    code = run_pipeline()
    serving = versions(ports)
    show(ports, serving)
    if code or set(serving.values()) != {git("rev-parse", "HEAD")[:12]}:
        say(f"That went wrong: the pipeline ended with {code}")
        return code or 1
    return 0


def show_run() -> int:
    """Build, test and deploy the sample as it is."""
    code = deploy(write_shop())
    if code == 0:
        say("Next: ./run demo broken, ./run demo repair, ./run demo stop")
    return code


def show_broken() -> int:
    """Commit a bug, and prove that it goes no further than the tests."""
    ports = write_shop()
    before = versions(ports)
    if None in before.values() or len(set(before.values())) != 1:
        code = deploy(ports)
        if code:
            return code
        before = versions(ports)
    prices = SHOP / "shop" / "prices.py"
    prices.write_text(prices.read_text(encoding="utf-8").replace(GOOD, BAD), encoding="utf-8")
    commit("Reword the discount")
    code = run_pipeline()
    after = versions(ports)
    show(ports, after)
    if code != 1 or after != before or failures() != [("Build", "Test", "JobFailed")]:
        say(f"That went wrong: the pipeline ended with {code}, where 1 was to be expected,")
        say("for a failed Test in the stage Build, and with the old version serving on")
        return 1
    say("As it should be: the pipeline stopped at Build, and the old version serves on.")
    say("Next: ./run demo repair")
    return 0


def show_repair() -> int:
    """Mend the bug, and deploy."""
    return deploy(write_shop())


def show_stop() -> int:
    """End the servers."""
    for instance in INSTANCES:
        pid = server(instance)
        if pid is None:
            continue
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            if server(instance) is None:
                break
            time.sleep(0.1)
        else:
            os.kill(pid, signal.SIGKILL)
        say(f"{instance} stopped")
    if not any(server(instance) for instance in INSTANCES):
        say("No server of the demo runs")
    return 0


TASKS = {"run": show_run, "broken": show_broken, "repair": show_repair, "stop": show_stop}


def main() -> int:
    """Do the task that was named."""
    words = sys.argv[1:] or ["run"]
    if len(words) != 1 or words[0] not in TASKS:
        print(f"usage: ./run demo [{'|'.join(list(TASKS)[1:])}]", file=sys.stderr)
        return 2
    return TASKS[words[0]]()


if __name__ == "__main__":
    sys.exit(main())
