"""``cicd doctor``."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.errors import CicdError, ExitCode
from cicd.ports import Level
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.cli.invocation import Invocation
    from cicd.ports import Runner, Services

LOW_DISK = 1 << 30  # bytes: less than this and builds begin to fail in odd places
RUNNERS = ("docker", "sandbox", "host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at the machine found; ``hint`` says how to mend it."""

    subject: str
    ok: bool
    text: str
    hint: str | None = None


@click.command(
    epilog="""\b
Examples:
  cicd doctor              what works here, and how to mend what does not
  cicd doctor --reap       also remove what dead runs left behind
"""
)
@click.option(
    "--reap",
    is_flag=True,
    help="End sessions that no unfinished execution wants, and members that no fleet has.",
)
@shared_options
def doctor(invocation: Invocation, *, reap: bool) -> int:
    """Check this machine: engines, git, disk, state; and remove leftovers."""
    from cicd.wiring import runners

    home = invocation.settings().home
    runner = runners(home)
    findings = [
        _python(),
        _git(),
        *(_runner(name, runner) for name in RUNNERS),
        _disk(home),
        _state(invocation),
    ]
    show = invocation.show
    for finding in findings:
        level = Level.SUCCESS if finding.ok else Level.WARNING
        mark = "ok" if finding.ok else "no"
        show.text(f"{mark:>3}  {finding.subject}: {finding.text}", level)
        if finding.hint:
            show.text(f"       {finding.hint}")
    removed = _reap(invocation, runner) if reap else []
    for name in removed:
        show.text(f"     removed {name}")
    if reap and not removed:
        show.text("     nothing was left behind")
    usable = any(f.ok for f in findings if f.subject in RUNNERS)
    sound = usable and all(f.ok for f in findings if f.subject not in RUNNERS)
    show.result({"findings": [asdict(f) for f in findings], "removed": removed, "ok": sound})
    return ExitCode.SUCCEEDED if sound else ExitCode.UNAVAILABLE


def _python() -> Finding:
    return Finding(
        subject="python", ok=True, text=f"{platform.python_version()} on {platform.system()}"
    )


def _git() -> Finding:
    found = shutil.which("git")
    if found is None:
        return Finding(
            subject="git", ok=False, text="is not installed", hint="install git for pipelines"
        )
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return Finding(subject="git", ok=said.returncode == 0, text=said.stdout.strip())


def _runner(name: str, runner: Callable[[str], Runner]) -> Finding:
    try:
        runner(name).check()
    except CicdError as refused:
        return Finding(subject=name, ok=False, text=refused.message, hint=refused.hint)
    return Finding(subject=name, ok=True, text="builds can run")


def _disk(home: Path) -> Finding:
    place = next(p for p in (home, *home.parents) if p.exists())
    free = shutil.disk_usage(place).free
    return Finding(
        subject="disk",
        ok=free >= LOW_DISK,
        text=f"{free / (1 << 30):.1f} GiB free for {home}",
        hint=None if free >= LOW_DISK else "free some space, or use another home with --home",
    )


def _state(invocation: Invocation) -> Finding:
    home = invocation.settings().home
    if not (home / "state.db").exists():
        return Finding(subject="state", ok=True, text="nothing has run here yet")
    try:
        with invocation.services() as services:
            count = len(services.executions.list())
            waiting = sum(1 for record in services.executions.list() if _unfinished(record.status))
    except CicdError as refused:
        return Finding(subject="state", ok=False, text=refused.message, hint=refused.hint)
    return Finding(subject="state", ok=True, text=f"{count} executions, {waiting} unfinished")


def _reap(invocation: Invocation, runner: Callable[[str], Runner]) -> list[str]:
    from cicd.deploy.fleet.run import reap_fleets

    with invocation.services() as services:
        wanted = _wanted(services)
        removed: list[str] = []
        for name in RUNNERS:
            try:
                runner(name).check()
            except CicdError:
                continue  # nothing of it can be running here
            removed += runner(name).reap(wanted)
        return removed + reap_fleets(services)


def _wanted(services: Services) -> Callable[[str], bool]:
    """Want the sessions of executions that are not over: they can be resumed."""
    unfinished = {r.stream for r in services.executions.list() if _unfinished(r.status)}
    return unfinished.__contains__


def _unfinished(status: str) -> bool:
    return status in {"IN_PROGRESS", "InProgress", "Created", "Queued", "Stopping"}
