"""What deployments cost: against the shell, ``cp -a``, ansible, and in themselves."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from typing import TYPE_CHECKING

from bench_measure import CICD, PYTHON, Ended, goal, installed, measure, run, seconds

if TYPE_CHECKING:
    from pathlib import Path

APPSPEC = "version: 0.0\nos: linux\nfiles:\n  - source: app\n    destination: /srv/app\n"
HOOKS = """hooks:
  BeforeInstall: [{location: before.sh}]
  AfterInstall: [{location: after.sh}]
"""
PLAYBOOK = """
- hosts: all
  serial: 50%
  gather_facts: false
  tasks:
    - command: {cmd: REVISION/before.sh}
    - copy: {src: REVISION/app/, dest: "{{ place }}/srv/app/"}
    - command: {cmd: REVISION/after.sh}
"""


def _revision(place: Path, files: int, hooks: str = "") -> Path:
    """Write a revision of small files, at most a hundred in a directory."""
    for number in range(files):
        path = place / "app" / f"{number // 100}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}\n" * 10, encoding="utf-8")
    (place / "appspec.yml").write_text(APPSPEC + hooks, encoding="utf-8")
    for name in ("before.sh", "after.sh") if hooks else ():
        (place / name).write_text("#!/bin/sh\necho done\n", encoding="utf-8")
        (place / name).chmod(0o755)
    return place


def _instances(directory: Path, count: int) -> tuple[str, ...]:
    return tuple(f"--instance=i{n}={directory}/i{n}" for n in range(count))


def one_appspec(directory: Path, runs: int) -> bool:
    """Ten files and two hooks: a whole deployment, beside a shell that copies and runs."""
    place = _revision(directory / "one-appspec", 10, HOOKS)
    script = f"d=$(mktemp -d {place}/sh-XXXX); ./before.sh; cp -r app/. $d; ./after.sh"
    deploy = f'd=$(mktemp -d {directory}/one-XXXX); exec "$0" deploy . --instance=a=$d'
    row = {"sh": ("sh", "-c", script), "cicd deploy": ("sh", "-c", deploy, CICD)}
    least = measure("Deploy ten files and two hooks", row, place, runs)
    return goal("within 0.3 s", least["cicd deploy"], 0.3)


def many_files(directory: Path, runs: int) -> bool:
    """
    10,000 small files to one instance, against copying them once.

    The agent's rules make two trees of them, the archive and what is installed: the goal is for
    Install, and the whole is shown beside it.
    """
    revision = _revision(directory / "many-files", 10_000)
    installs: list[float] = []
    wholes: list[float] = []
    agains: list[float] = []
    copies: list[float] = []
    for number in range(max(3, runs // 5)):
        place = directory / f"many-{number}"
        copies.append(seconds(("cp", "-a", str(revision), str(place)), directory))
        instance = directory / f"instance-{number}"
        whole, install = _deployed(revision, instance, directory)
        wholes.append(whole)
        installs.append(install)
        agains.append(_deployed(revision, instance, directory)[1])
    copy = min(copies)
    print(f"\nDeploy 10,000 small files ({len(copies)} runs, minima)")
    for name, taken in (
        *(("cp -a", copies), ("Install", installs), ("Install, unchanged, again", agains)),
        ("the whole deployment", wholes),
    ):
        print(f"  {name:<32}{min(taken) * 1000:>15.0f} ms{min(taken) / copy:>8.2f}")
    met = goal("Install within 1.3 x cp -a", min(installs), 1.3 * copy)
    return goal("again within 0.5 x the first", min(agains), 0.5 * min(installs)) and met


def _deployed(revision: Path, instance: Path, directory: Path) -> tuple[float, float]:
    """Deploy; gives how long all of it took, and how long its Install, in seconds."""
    begin = time.perf_counter()
    printed = run(
        (CICD, "deploy", str(revision), f"--instance=a={instance}", "--output", "json"), directory
    )
    whole = time.perf_counter() - begin
    said = json.loads(printed.splitlines()[-1])
    events = said["deploymentTargets"][0]["instanceTarget"]["lifecycleEvents"]
    install = next(each for each in events if each["lifecycleEventName"] == "Install")
    begun, ended = (datetime.fromisoformat(install[key]) for key in ("startTime", "endTime"))
    return whole, (ended - begun).total_seconds()


def hundred_instances(directory: Path, runs: int) -> bool:
    """A hundred instances, half at a time, two hooks each, against ansible."""
    del runs
    revision = _revision(directory / "hundred", 10, HOOKS)
    words = (CICD, "deploy", str(revision), "--strategy", "HalfAtATime")
    took = seconds((*words, *_instances(directory / "hosts", 100)), directory)
    print(f"\nDeploy to 100 instances (1 run)\n  {'cicd deploy':<32}{took:>17.1f} s")
    try:
        theirs = _by_ansible(directory, revision)
    except Ended as ended:
        print(f"  ansible-playbook: not measured: {ended}")
        return True
    print(f"  {'ansible-playbook':<32}{theirs:>17.1f} s{theirs / took:>8.1f}")
    return goal("ten times as fast as ansible", took, theirs / 10)


def _by_ansible(directory: Path, revision: Path) -> float:
    """Give how long ansible takes for the same hundred, in seconds; raises ``Ended``."""
    ansible = installed("ansible-core", "ansible-playbook", directory)
    hosts = "".join(f"h{n} place={directory}/ansible/h{n}\n" for n in range(100))
    # Named, or it takes any python on PATH, a shim that starts nothing among them.
    variables = f"ansible_connection=local\nansible_python_interpreter={PYTHON}\n"
    (directory / "hosts.ini").write_text(f"{hosts}[all:vars]\n{variables}")
    (directory / "play.yml").write_text(PLAYBOOK.replace("REVISION", str(revision)))
    for number in range(100):
        (directory / "ansible" / f"h{number}" / "srv").mkdir(parents=True)
    play = (ansible, "--inventory", "hosts.ini", "--forks", "16", "play.yml")
    return seconds(play, directory)


def thousand_instances(directory: Path, runs: int) -> bool:
    """A thousand instances, ten files each, whose lifecycle events have no scripts."""
    del runs
    revision = _revision(directory / "thousand", 10)
    words = (CICD, "deploy", str(revision), "--strategy", "HalfAtATime")
    took = seconds((*words, *_instances(directory / "thousand-hosts", 1000)), directory)
    print(f"\nDeploy to 1,000 instances (1 run)\n  {'cicd deploy':<32}{took:>17.1f} s")
    met = goal("1,000 instances within 30 s", took, 30)
    memory = _memory((*words, *_instances(directory / "thousand-hosts", 1000)), directory)
    print(
        f"  {'met   ' if memory <= 200 else 'MISSED'}  {memory:.0f} MB of 200 MB, deployed again"
    )
    return met and memory <= 200


def _memory(command: tuple[str, ...], directory: Path) -> float:
    """Give the most memory that a program had, in megabytes; a process of its own asks."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    said = run((PYTHON, "-c", code, *command), directory)
    # Linux counts kilobytes, macOS bytes.
    return int(said) / (1024 if os.uname().sysname == "Linux" else 1024 * 1024)


ROWS = (one_appspec, many_files, hundred_instances, thousand_instances)
