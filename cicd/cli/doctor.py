"""``cicd doctor``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from cicd.cli.home.reaping import RUNNERS
from cicd.cli.options import shared_options
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.home.findings import Finding
    from cicd.cli.invocation import Invocation

BEGINNING = timedelta(minutes=1)
"""What was entered longer ago than this, and has no event, never began."""


@click.command(
    epilog="""\b
Examples:
  cicd doctor              what works here, and how to mend what does not
  cicd doctor --reap       also remove what dead runs left behind
  cicd doctor --json       for programs
"""
)
@click.option(
    "--reap",
    is_flag=True,
    help="End what dead runs left, members that no fleet has, and temporary directories.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --output json.")
@shared_options
def doctor(invocation: Invocation, *, reap: bool, as_json: bool) -> int:
    """Check engines, images, git, disk, clock, ports, state; find and remove leftovers."""
    from cicd.cli.home import findings as look
    from cicd.temporary import remove_abandoned
    from cicd.wiring.machine import runners

    if as_json:
        invocation.choose_output("json")
    home = invocation.settings().home
    runner = runners(home)
    state, records = look.state(invocation)
    found: list[Finding | None] = [
        look.python(),
        look.git(),
        *(look.runner(name, runner) for name in RUNNERS),
        look.images(invocation),
        look.disk(home),
        look.clock(home),
        look.ports(invocation),
        state,
    ]
    removed = _reap(invocation) if reap and state.ok else []
    removed += [str(place) for place in remove_abandoned()] if reap else []
    if state.ok:
        found.append(look.leftovers(records, runner, home))
    findings = [each for each in found if each is not None]
    show = invocation.show
    for finding in findings:
        level = Level.SUCCESS if finding.ok else Level.WARNING
        mark = "ok" if finding.ok else "no"
        show.text(f"{mark:>3}  {finding.subject}: {finding.text}", level)
        if finding.hint:
            show.text(f"       {finding.hint}")
    for name in removed:
        show.text(f"     removed {name}")
    if reap and not removed:
        show.text("     nothing to remove")
    usable = any(f.ok for f in findings if f.subject in RUNNERS)
    sound = usable and all(f.ok for f in findings if f.subject not in RUNNERS)
    show.result({"findings": [asdict(f) for f in findings], "removed": removed, "ok": sound})
    return ExitCode.SUCCEEDED if sound else ExitCode.UNAVAILABLE


def _reap(invocation: Invocation) -> list[str]:
    from cicd.backends.functions.container_reaping import reap_instances
    from cicd.backends.traffic.running import shares_of
    from cicd.cli.home.reaping import reap
    from cicd.deploy.fleet.run import reap_fleets
    from cicd.deploy.services.end import reap_task_sets
    from cicd.engine.clock import SystemClock
    from cicd.wiring.kept import stores

    home = invocation.settings().home
    if not (home / "state.db").exists():
        return []
    with stores(home) as opened:
        forgotten = opened.executions.forget_unwritten(SystemClock().now() - BEGINNING)
    with invocation.services() as services:
        ended = reap(services.executions.list(), services.runner) + reap_fleets(services)
        shares = shares_of(home)
        carrying = {place for place, routes in shares.items() if any(routes.values())}
        ended += reap_task_sets(carrying, services)
    return forgotten + ended + reap_instances(home)
