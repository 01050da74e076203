"""``cicd builds``: what was built, and what is left to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.cli.show import show_log
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.ports import Services


@click.group(
    epilog="""\b
Examples:
  cicd builds list --project web
  cicd builds show web:1b2c        an id, or its beginning
  cicd builds logs web:1b2c --follow
  cicd builds resume web:1b2c      go on with a build whose cicd died
"""
)
def builds() -> None:
    """Look at builds, resume or stop them."""


@builds.command("list")
@click.option("--project", metavar="NAME", help="Only builds of this project.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@shared_options
def list_builds(invocation: Invocation, *, project: str | None, limit: int) -> int:
    """List builds, the newest first."""
    with invocation.services() as services:
        found = services.executions.list(kind="build", name=project, limit=limit)
        rows = []
        for record in found:
            status = record.status
            left = status == "IN_PROGRESS" and not record.driven
            took = (record.updated_at - record.created_at).total_seconds()
            rows.append(
                (
                    record.stream.partition("/")[2],
                    str(record.number),
                    f"{status} (left running)" if left else status,
                    f"{record.created_at:%Y-%m-%d %H:%M:%S}",
                    "" if status == "IN_PROGRESS" else f"{took:.1f} s",
                )
            )
        show = invocation.show
        show.table(("BUILD", "NUMBER", "STATUS", "STARTED", "TOOK"), rows)
        if not rows:
            show.notice(f"no builds of project '{project}' yet" if project else "no builds yet")
        show.result({"ids": [row[0] for row in rows]})
    return ExitCode.SUCCEEDED


@builds.command()
@click.argument("build_id", metavar="ID")
@shared_options
def show(invocation: Invocation, *, build_id: str) -> int:
    """Show a build: its phases, what failed, what it made."""
    from cicd.build.reports.summary import summary_lines
    from cicd.build.run import build_result

    with invocation.services() as services:
        result = build_result(_find(services, build_id), services)
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
            if result.failure.hint:
                presenter.text(f"hint: {result.failure.hint}")
        for report in result.reports:
            for line in summary_lines(report):
                presenter.text(line)
        for name, value in result.exported_variables.items():
            presenter.text(f"{name}={value}")
        for name, artifact in result.artifacts.items():
            presenter.text(f"artifact {name or 'primary'}: {services.artifacts.path(artifact)}")
        presenter.result({"builds": [result.build], "buildsNotFound": []})
    return ExitCode.SUCCEEDED


@builds.command()
@click.argument("build_id", metavar="ID")
@click.option("--follow", "-f", is_flag=True, help="Go on until the build has ended.")
@shared_options
def logs(invocation: Invocation, *, build_id: str, follow: bool) -> int:
    """Print a build's log, as CodeBuild writes it."""
    with invocation.services() as services:
        stream = _find(services, build_id)
        inbox = services.clock.inbox()
        offset = 0
        while True:
            # Asked before reading, so that nothing written in between is missed.
            ended = not follow or _status(services, stream) != "IN_PROGRESS"
            lines = services.logs.read(stream, after=offset)
            offset = show_log(invocation.show, stream, lines, offset)
            if ended or services.cancel.reason is not None:
                return ExitCode.SUCCEEDED
            inbox.take(None)


@builds.command()
@click.argument("build_id", metavar="ID")
@shared_options
def stop(invocation: Invocation, *, build_id: str) -> int:
    """Stop a build."""
    from cicd.build.run import stop_build

    with invocation.services() as services:
        result = stop_build(_find(services, build_id), services)
        if result.status == "IN_PROGRESS":
            invocation.show.text(f"{result.build_id} has been asked to stop")
        else:
            invocation.show.text(f"{result.build_id}  {result.status}")
        invocation.show.result(result.build)
    return ExitCode.SUCCEEDED


@builds.command()
@click.argument("build_id", metavar="ID")
@shared_options
def resume(invocation: Invocation, *, build_id: str) -> int:
    """Go on with a build whose cicd died: rejoin what runs, lose and repeat nothing."""
    from cicd.build.run import resume_build
    from cicd.cli.build import conclude

    with invocation.services() as services:
        stream = _find(services, build_id)
        if _status(services, stream) != "IN_PROGRESS":
            invocation.show.notice(f"build {stream.partition('/')[2]} has ended already")
        return conclude(invocation.show, resume_build(stream, services))


def _find(services: Services, build_id: str) -> str:
    record = services.executions.find("build", build_id)
    if record is None:
        raise UsageError(f"there is no build '{build_id}'", hint="see cicd builds list")
    return record.stream


def _status(services: Services, stream: str) -> str:
    record = services.executions.find("build", stream.partition("/")[2])
    return record.status if record is not None else ""
