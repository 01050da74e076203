"""``cicd builds list``, ``show``, ``logs``, ``badge``: what was built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.build.log.in_phase import InPhase
from cicd.build.spec import PhaseType
from cicd.build.state import StatusType
from cicd.cli.any_case import AnyCase
from cicd.cli.builds.find import find_build, status_of
from cicd.cli.offers import ids, names
from cicd.cli.options import shared_options
from cicd.cli.show import show_log
from cicd.cli.show.local_time import local_time
from cicd.cli.written import write_out
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.ports import Services


@click.command("list", epilog="\b\nExample:\n  cicd builds list --project web --limit 5\n")
@click.option(
    "--project",
    metavar="NAME",
    help="Only builds of this project.",
    shell_complete=names("build", section="projects"),
)
@click.option("--status", type=AnyCase(StatusType), help="Only these.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."
)
@shared_options
def list_builds(
    invocation: Invocation, *, project: str | None, status: str | None, limit: int
) -> int:
    """List builds, the newest first."""
    wanted = status
    with invocation.services() as services:
        found = services.executions.list(
            kind="build", name=project, limit=None if wanted else limit
        )
        if wanted:
            found = [record for record in found if record.status == wanted][:limit]
        rows = []
        for record in found:
            status = record.status
            left = status == "IN_PROGRESS" and not record.driven
            more = _standing(services, record.stream) if status == "IN_PROGRESS" else []
            more += ["left running"] if left else []
            took = (record.updated_at - record.created_at).total_seconds()
            rows.append(
                (
                    record.stream.partition("/")[2],
                    str(record.number),
                    f"{status} ({', '.join(more)})" if more else status,
                    local_time(record.created_at),
                    "" if status == "IN_PROGRESS" else f"{took:.1f} s",
                )
            )
        show = invocation.show
        show.table(("BUILD", "NUMBER", "STATUS", "STARTED", "TOOK"), rows)
        if not rows:
            some = f"no {wanted} builds" if wanted else "no builds"
            show.notice(f"{some} of project '{project}' yet" if project else f"{some} yet")
        show.result({"ids": [row[0] for row in rows]})
    return ExitCode.SUCCEEDED


@click.command(
    epilog="""\b
Examples:
  cicd builds show              the newest
  cicd builds show web:1b2c --output json
"""
)
@click.argument("build_id", required=False, metavar="[ID]", shell_complete=ids("build"))
@shared_options
def show(invocation: Invocation, *, build_id: str | None) -> int:
    """Show a build, the newest if none is named: its phases, what failed, what it made."""
    from cicd.build.reports.summary import summary_lines
    from cicd.build.run import build_result

    with invocation.services() as services:
        result = build_result(find_build(services, build_id), services)
        presenter = invocation.show
        presenter.text(f"{result.build_id}  {result.status}")
        phases = result.build["phases"]
        assert isinstance(phases, list), "made by build_as_api"
        rows = []
        for phase in phases:
            seconds = phase.get("durationInSeconds")
            rows.append(
                (
                    str(phase["phaseType"]),
                    str(phase.get("phaseStatus", "")),
                    "" if seconds is None else f"{seconds} s",
                )
            )
        presenter.table(("PHASE", "STATUS", "TOOK"), rows)
        if result.failure is not None:
            place = f"{result.failure.where}: " if result.failure.where else ""
            presenter.text(f"{place}{result.failure.message.strip()}", Level.FAILURE)
            for line in result.failure.output:
                presenter.text(f"  {line}")
            if result.failure.hint:
                presenter.text("hint: " + result.failure.hint.replace("\n", "\n      "))
        if result.waiting:
            presenter.text(result.waiting, Level.WARNING)
        for report in result.reports:
            for line in summary_lines(report):
                presenter.text(line)
        for name, value in result.exported_variables.items():
            presenter.text(f"{name}={value}")
        for name, artifact in result.artifacts.items():
            presenter.text(f"artifact {name or 'primary'}: {services.artifacts.path(artifact)}")
        presenter.result({"builds": [result.build], "buildsNotFound": []})
    return ExitCode.SUCCEEDED


@click.command(
    epilog="""\b
Examples:
  cicd builds logs -f           the newest, until it has ended
  cicd builds logs web:1b2c --phase BUILD
"""
)
@click.argument("build_id", required=False, metavar="[ID]", shell_complete=ids("build"))
@click.option("--follow", "-f", is_flag=True, help="Go on until the build has ended.")
@click.option("--phase", metavar="PHASE", help="Only what belongs to this phase.")
@shared_options
def logs(invocation: Invocation, *, build_id: str | None, follow: bool, phase: str | None) -> int:
    """Print a build's log as CodeBuild writes it; the newest's if none is named."""
    with invocation.services() as services:
        stream = find_build(services, build_id)
        inbox = services.clock.inbox()
        wanted = _phase(phase) if phase is not None else None
        within = InPhase(wanted) if wanted is not None else None
        offset = 0
        while True:
            # Asked before reading, so that nothing written in between is missed.
            ended = not follow or status_of(services, stream) != "IN_PROGRESS"
            lines = services.logs.read(stream, after=offset)
            if within is None:
                offset = show_log(invocation.show, stream, lines, offset)
            else:
                read = list(lines)
                told = [each for each in read if within(each[1])]
                show_log(invocation.show, stream, told, offset)
                offset = read[-1][0] if read else offset
            if ended or services.cancel.reason is not None:
                return ExitCode.SUCCEEDED
            inbox.take(None)


@click.command(epilog="\b\nExample:\n  cicd builds badge web --branch main -o badge.svg\n")
@click.argument("project", required=False, shell_complete=names("build", section="projects"))
@click.option("--branch", metavar="NAME", help="Only builds of this branch.")
@click.option(
    "--out",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the picture there; without it, it is printed.",
)
@shared_options
def badge(
    invocation: Invocation, *, project: str | None, branch: str | None, out: Path | None
) -> int:
    """Draw the badge of a project: PASSING, FAILING, IN_PROGRESS or UNKNOWN, as SVG."""
    from cicd.build.badge import badge as drawn
    from cicd.build.badge import badge_word
    from cicd.build.fold import fold_build

    with invocation.services() as services:
        newest = None
        for record in services.executions.list(kind="build", name=project):
            if branch is None or fold_build(record.stream, services)[0].branch == branch:
                newest = record
                break
        word = badge_word(newest.status if newest is not None else None)
        picture = drawn(word)
        if out is None:
            invocation.show.text(picture.rstrip("\n"))
        else:
            write_out(out, picture)
            invocation.show.text(f"{out}: {word}")
        invocation.show.result({"badge": word})
    return ExitCode.SUCCEEDED


def _standing(services: Services, stream: str) -> list[str]:
    from cicd.build.fold import fold_build

    _, state, _ = fold_build(stream, services)
    if state.open is not None and state.open.phase is PhaseType.QUEUED:
        return ["queued"]
    return ["waits"] if state.paused else []


def _phase(name: str) -> PhaseType:
    if name.upper() not in tuple(PhaseType):
        raise UsageError(
            f"'{name}' is no phase of a build", hint=f"the phases are {', '.join(PhaseType)}"
        )
    return PhaseType(name.upper())
