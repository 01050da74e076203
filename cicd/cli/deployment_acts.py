"""What acts on deployments: stop, resume, rollback, continue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.deployments import newest
from cicd.cli.offers import ids
from cicd.cli.options import shared_options
from cicd.cli.show.deployment import finish
from cicd.errors import ExitCode

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation


@click.command(epilog="\b\nExample:\n  cicd deploy stop d-ABCDEFGHI --no-rollback\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.option(
    "--rollback/--no-rollback", default=None, help="Roll back or not, whatever the group says."
)
@shared_options
def stop(
    invocation: Invocation,
    *,
    deployment_id: str | None,
    rollback: bool | None,
) -> int:
    """Stop a deployment: events that run finish, none begins. The newest one if none is named."""
    from cicd.deploy.by_hand import stop_deployment

    with invocation.services() as services:
        answer = stop_deployment(
            deployment_id or newest(services), services, auto_rollback=rollback
        )
    invocation.show.text(f"{answer['status']}: {answer['statusMessage']}")
    invocation.show.result(answer)
    return ExitCode.SUCCEEDED


@click.command(epilog="\b\nExample:\n  cicd deploy resume d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.option("--speed", type=click.FloatRange(0.001, 1e6), default=1.0, help="Scales waits.")
@shared_options
def resume(invocation: Invocation, *, deployment_id: str | None, speed: float) -> int:
    """Go on with a deployment whose driver died. The newest one if none is named."""
    from cicd.deploy.run import resume_deployment

    with invocation.services(speed=speed) as services:
        result = resume_deployment(deployment_id or newest(services), services)
    return finish(invocation.show, result)


@click.command("rollback", epilog="\b\nExample:\n  cicd deploy rollback d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.option(
    "--ignore-application-stop-failures",
    is_flag=True,
    help="Go on where a script of what is to be undone fails in ApplicationStop.",
)
@shared_options
def rollback_command(
    invocation: Invocation, deployment_id: str | None, *, ignore_application_stop_failures: bool
) -> int:
    """Go back from a deployment, the newest if none is named, to the last good one before it."""
    from cicd.deploy.by_hand import roll_back_deployment

    with invocation.services() as services:
        result = roll_back_deployment(
            deployment_id or newest(services),
            services,
            ignore_application_stop_failures=ignore_application_stop_failures,
        )
    return finish(invocation.show, result, told=True)


@click.command("continue", epilog="\b\nExample:\n  cicd deploy continue d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.option(
    "--deployment-wait-type",
    "wait",
    type=AnyCase(("READY_WAIT", "TERMINATION_WAIT")),
    help="Which wait is over; by default the one that it is in.",
)
@shared_options
def continue_command(invocation: Invocation, deployment_id: str | None, wait: str | None) -> int:
    """End a wait of a blue/green deployment. The newest one if none is named."""
    from cicd.deploy.run import resume_deployment
    from cicd.deploy.traffic.continuation import continue_deployment
    from cicd.deploy.traffic.plan import WaitType

    with invocation.services() as services:
        record = continue_deployment(
            deployment_id or newest(services), services, WaitType(wait.upper()) if wait else None
        )
        found = record.stream.partition("/")[2]
        if not record.driven:
            return finish(invocation.show, resume_deployment(found, services))
    invocation.show.text(f"{found} goes on")
    invocation.show.result({})
    return ExitCode.SUCCEEDED
