"""``cicd batches``: batch builds that were run, and what is left to do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.batch import announce, announce_known, at_once, conclude, show_nodes
from cicd.cli.builds.find import find_build
from cicd.cli.group import Commands
from cicd.cli.offers import ids, names
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation

KIND = "build-batch"


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd build --batch                       run one
  cicd batches list --project web
  cicd batches show                        the newest
  cicd batches show web:1b2c               by its id, the beginning of it, or its number
  cicd batches retry web:1b2c --failed     only what did not succeed
  cicd batches resume web:1b2c             go on with a batch whose cicd died
""",
)
def batches() -> None:
    """Look at batch builds, stop them, try them again."""


@batches.command("list", epilog="\b\nExample:\n  cicd batches list --project web\n")
@click.option(
    "--project",
    metavar="NAME",
    help="Only batches of this project.",
    shell_complete=names("build-batch", section="projects"),
)
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."
)
@shared_options
def list_batches(invocation: Invocation, *, project: str | None, limit: int) -> int:
    """List batch builds, the newest first."""
    with invocation.services() as services:
        rows = []
        for record in services.executions.list(kind=KIND, name=project, limit=limit):
            running = record.status == "IN_PROGRESS"
            left = running and not record.driven
            took = (record.updated_at - record.created_at).total_seconds()
            rows.append(
                (
                    record.stream.partition("/")[2],
                    str(record.number),
                    f"{record.status} (left running)" if left else record.status,
                    local_time(record.created_at),
                    "" if running else f"{took:.1f} s",
                )
            )
        show = invocation.show
        show.table(("BATCH", "NUMBER", "STATUS", "STARTED", "TOOK"), rows)
        if not rows:
            show.notice(f"no batches of project '{project}' yet" if project else "no batches yet")
        show.result({"ids": [row[0] for row in rows]})
    return ExitCode.SUCCEEDED


@batches.command(
    epilog="""\b
Examples:
  cicd batches show             the newest
  cicd batches show web:1b2c
"""
)
@click.argument("batch_id", required=False, metavar="[ID]", shell_complete=ids("build-batch"))
@shared_options
def show(invocation: Invocation, *, batch_id: str | None) -> int:
    """Show a batch build: its builds, what failed, what it made."""
    from cicd.build.batch.run import batch_result
    from cicd.cli.show.reports import show_reports

    with invocation.services() as services:
        result = batch_result(find_build(services, batch_id, KIND), services)
        presenter = invocation.show
        presenter.text(f"{result.batch_id}  {result.status}")
        show_nodes(presenter, result.nodes)
        for node in result.nodes:
            if node.status and node.message:
                presenter.text(f"{node.identifier}: {node.message}", Level.FAILURE)
        if result.message:
            presenter.text(result.message, Level.FAILURE)
        if result.reports:
            show_reports(presenter, result.reports, failures=True)
        for name, artifact in result.artifacts.items():
            presenter.text(f"artifact {name or 'combined'}: {services.artifacts.path(artifact)}")
        presenter.result({"buildBatches": [result.batch], "buildBatchesNotFound": []})
    return ExitCode.SUCCEEDED


@batches.command(epilog="\b\nExample:\n  cicd batches stop web:1b2c\n")
@click.argument("batch_id", required=False, metavar="[ID]", shell_complete=ids("build-batch"))
@shared_options
def stop(invocation: Invocation, *, batch_id: str | None) -> int:
    """Stop a batch build and all its builds."""
    from cicd.build.batch.run import stop_batch

    with invocation.services() as services:
        result = stop_batch(find_build(services, batch_id, KIND), services)
        asked = result.status == "IN_PROGRESS"
        said = "has been asked to stop" if asked else f" {result.status}"
        invocation.show.text(f"{result.batch_id} {said}")
        invocation.show.result(result.batch)
    return ExitCode.SUCCEEDED


@batches.command(epilog="\b\nExample:\n  cicd batches retry web:1b2c --failed\n")
@click.argument("batch_id", required=False, metavar="[ID]", shell_complete=ids("build-batch"))
@click.option("--failed", is_flag=True, help="RETRY_FAILED_BUILDS; without it RETRY_ALL_BUILDS.")
@shared_options
def retry(invocation: Invocation, *, batch_id: str | None, failed: bool) -> int:
    """Run a batch build that did not succeed again, as a batch of its own."""
    from cicd.build.batch.run import RetryType, retry_plan, run_batch

    with invocation.services() as services:
        kind = RetryType.RETRY_FAILED_BUILDS if failed else RetryType.RETRY_ALL_BUILDS
        plan = retry_plan(find_build(services, batch_id, KIND), services, kind)
        announce(invocation.show, plan)
        result = run_batch(plan, at_once(services, invocation.settings()))
        return conclude(invocation.show, result, services)


@batches.command(epilog="\b\nExample:\n  cicd batches resume web:1b2c\n")
@click.argument("batch_id", required=False, metavar="[ID]", shell_complete=ids("build-batch"))
@shared_options
def resume(invocation: Invocation, *, batch_id: str | None) -> int:
    """Go on with a batch build whose cicd died: no build is run twice."""
    from cicd.build.batch.run import batch_result, resume_batch

    with invocation.services() as services:
        stream = find_build(services, batch_id, KIND)
        known = batch_result(stream, services)
        if known.status != "IN_PROGRESS":
            invocation.show.notice(f"batch {known.batch_id} has ended already")
        else:
            announce_known(invocation.show, known)
        result = resume_batch(stream, at_once(services, invocation.settings()))
        return conclude(invocation.show, result, services)
