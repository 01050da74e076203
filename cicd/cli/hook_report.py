"""``cicd deploy put-lifecycle-event-hook-execution-status``: a hook's report, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.errors import ExitCode

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation


@click.command(
    "put-lifecycle-event-hook-execution-status",
    epilog="\b\nExample:\n  cicd deploy put-lifecycle-event-hook-execution-status "
    "--deployment-id d-ABCDEFGHI \\\n    --lifecycle-event-hook-execution-id ID "
    "--status Succeeded\n",
)
@click.option(
    "--deployment-id",
    required=True,
    metavar="ID",
    help="Whose hook it is.",
    shell_complete=ids("deployment"),
)
@click.option(
    "--lifecycle-event-hook-execution-id",
    "execution",
    required=True,
    metavar="ID",
    help="As the function was told.",
)
@click.option("--status", required=True, metavar="Succeeded|Failed", help="How it went.")
@shared_options
def put_hook_status_command(
    invocation: Invocation, deployment_id: str, execution: str, status: str
) -> int:
    """Report how a hook of a service's deployment went, in place of its function."""
    from cicd.deploy.shift.hook_status import put_hook_status

    with invocation.services() as services:
        found = put_hook_status(deployment_id, execution, status, services)
    invocation.show.text(f"{status} is noted")
    invocation.show.result({"lifecycleEventHookExecutionId": found})
    return ExitCode.SUCCEEDED
