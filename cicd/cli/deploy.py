"""``cicd deploy``, and what looks at deployments: list, status, stop, resume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.deploy.compile import PlannedDeployment
    from cicd.deploy.config import DeploymentConfig
    from cicd.deploy.result import DeploymentResult
    from cicd.document.resources import Resources
    from cicd.ports import Services

_LEVELS = {
    "Succeeded": Level.SUCCESS,
    "Failed": Level.FAILURE,
    "Stopped": Level.WARNING,
    "Skipped": Level.WARNING,
}
_STRATEGIES = "AllAtOnce, HalfAtATime, OneAtATime, Custom, or one of cicd.yml"


class DeployGroup(click.Group):
    """A group whose first word may also be a revision: then it is a deployment."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take any word that is not a command for ``run``'s revision."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Deploy when there is no command at all; ``--help`` stays the group's."""
        if not any(word in self.commands or word in ("-h", "--help") for word in args[:1]):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=DeployGroup,
    options_metavar="",
    subcommand_metavar="[REVISION] [OPTIONS] | COMMAND",
    epilog="""\b
Examples:
  cicd deploy                                   this repository, to the group of cicd.yml
  cicd deploy out.zip --group web               an archive
  cicd deploy dist --instance a=/tmp/a --instance b=/tmp/b --strategy HalfAtATime
  cicd deploy --minimum-healthy 75%             a custom minimum of healthy hosts
  cicd deploy --plan                            say what would happen, and what looks wrong
  cicd deploy run --help                        every option of a deployment
""",
)
def deploy() -> None:
    """
    Deploy a revision to instances on this machine, as CodeDeploy would.

    REVISION is a directory, or a zip, tar or tgz file; by default this repository.
    """


@deploy.command(
    epilog="""\b
Exit status: 0 Succeeded, 1 Failed or Stopped, 2 usage, 3 an invalid AppSpec,
4 an AppSpec for ECS or Lambda, or this machine cannot do it now.
"""
)
@click.argument("revision", required=False, type=click.Path(path_type=Path))
@click.option("--group", "group_name", metavar="NAME", help="Group, or application/group.")
@click.option(
    "--instance",
    "instances",
    multiple=True,
    metavar="ID=DIR",
    help="An instance, in a directory of its own; may be repeated.",
)
@click.option("--strategy", metavar="NAME", help=f"{_STRATEGIES}.")
@click.option("--minimum-healthy", metavar="N|N%", help="Hosts that must stay healthy.")
@click.option(
    "--file-exists-behavior",
    type=click.Choice(("DISALLOW", "OVERWRITE", "RETAIN"), case_sensitive=False),
    help="What to do about files that nobody deployed (DISALLOW).",
)
@click.option("--appspec", metavar="FILE", default="appspec.yml", help="Its name in the revision.")
@click.option(
    "--ignore-application-stop-failures", is_flag=True, help="Go on when ApplicationStop fails."
)
@click.option("--description", default="", help="Kept with the deployment.")
@click.option("--plan", is_flag=True, help="Say what would be done, and stop there.")
@click.option("--speed", type=click.FloatRange(0.001, 1e6), default=1.0, help="Scales waits.")
@shared_options
def run(
    invocation: Invocation,
    revision: Path | None,
    group_name: str | None,
    instances: tuple[str, ...],
    strategy: str | None,
    minimum_healthy: str | None,
    file_exists_behavior: str | None,
    appspec: str,
    ignore_application_stop_failures: bool,  # noqa: FBT001  # click hands flags over so
    description: str,
    plan: bool,  # noqa: FBT001  # the same
    speed: float,
) -> int:
    """Deploy REVISION: a directory, or a zip, tar or tgz file; by default this repository."""
    from cicd.deploy.find_group import find_group, parse_instance
    from cicd.deploy.run import DeploymentRequest, plan_deployment, run_deployment
    from cicd.deploy.spec import FileExistsBehavior
    from cicd.document.resources import Resources

    start = Path.cwd()
    home = invocation.settings(start).home
    root = home.parent if home.name == ".cicd" else start
    resources = Resources.load(start if (start / "cicd.yml").exists() else root)
    group = find_group(
        resources,
        name=group_name,
        instances=tuple(parse_instance(text, start) for text in instances),
        home=home,
    )
    behavior = file_exists_behavior
    request = DeploymentRequest(
        group=group,
        revision=revision or resources.root,
        appspec=appspec,
        config=_config(strategy, minimum_healthy, resources),
        file_exists_behavior=FileExistsBehavior(behavior.upper()) if behavior else None,
        ignore_application_stop_failures=ignore_application_stop_failures,
        description=description,
    )
    planned = plan_deployment(request)
    if planned.problems:
        invocation.show.problems(planned.problems)
    if plan:
        _show_plan(invocation.show, planned)
        return ExitCode.SUCCEEDED
    with invocation.services(start, speed=speed) as services:
        return _finish(invocation.show, run_deployment(request, services))


def _config(
    strategy: str | None, minimum: str | None, resources: Resources
) -> DeploymentConfig | None:
    from cicd.deploy.config import CUSTOM, custom, find_config, parse_minimum

    if minimum is not None:
        if strategy not in (None, CUSTOM):
            raise UsageError(
                f"'{strategy}' has a minimum of healthy hosts of its own",
                hint="leave out one of --strategy and --minimum-healthy",
            )
        return custom(parse_minimum(minimum))
    if strategy == CUSTOM:
        raise UsageError(
            "'Custom' needs a minimum of healthy hosts",
            hint="add --minimum-healthy, such as 2 or 75%",
        )
    return find_config(strategy, resources) if strategy is not None else None


def _show_plan(show: Presenter, planned: PlannedDeployment) -> None:
    from cicd.engine.codec import encode

    plan = planned.plan
    show.text(
        f"{plan.revision.name} ({plan.revision.bundle_type}) on "
        f"{plan.application_name}/{plan.deployment_group_name}, {plan.config.name}"
    )
    show.table(
        ("instance", "directory", "endpoint"),
        [(each.id, each.location, each.endpoint or "") for each in plan.instances],
    )
    if plan.traffic is not None:
        show.table(
            ("load balancer", "listens", "instances"),
            [
                (
                    each.group,
                    ", ".join(f"http://{route.listen}" for route in each.router.routes),
                    ", ".join(f"{name} {endpoint}" for name, endpoint in plan.traffic.endpoints),
                )
                for each in plan.traffic.load_balancers
            ],
        )
    appspec = planned.appspec
    if appspec is not None:
        show.table(
            ("event", "scripts"),
            [
                (event, ", ".join(script.location for script in appspec.hooks.get(event, ())))
                for event in plan.events
            ],
        )
        show.table(
            ("source", "destination"),
            [(each.source or "/", each.destination) for each in appspec.files],
        )
    show.result(encode(plan))


def _finish(show: Presenter, result: DeploymentResult) -> int:
    """Show how a deployment ended, and give its exit status."""
    _show(show, result)
    if result.rollback is not None:
        _show(show, result.rollback)
    show.result(result.deployment)
    return ExitCode.SUCCEEDED if result.status == "Succeeded" else ExitCode.FAILED


def _show(show: Presenter, result: DeploymentResult) -> None:
    if result.failure:
        show.text(result.failure, Level.FAILURE)
    rows = [(name, status, result.endpoints.get(name, "")) for name, status in result.targets]
    show.table(("instance", "status", "endpoint"), rows)
    for name, address in result.load_balancers.items():
        show.text(f"{name} is {address}")
    show.text(f"{result.deployment_id}: {result.status}", _LEVELS.get(result.status, Level.INFO))


@deploy.command("list", epilog="\b\nExample:\n  cicd deploy list --group web --limit 5\n")
@click.option("--group", "group_name", metavar="NAME", help="Only this group's.")
@click.option("--limit", type=click.IntRange(1), default=20, help="At most so many (20).")
@shared_options
def list_deployments(invocation: Invocation, group_name: str | None, limit: int) -> int:
    """List deployments, the newest first."""
    with invocation.services() as services:
        records = services.executions.list(kind="deployment", name=group_name, limit=limit)
    rows = [
        (
            record.stream.partition("/")[2],
            record.name,
            record.status if record.driven or record.status != "InProgress" else "interrupted",
            f"{record.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
        )
        for record in records
    ]
    invocation.show.table(("deployment", "group", "status", "created"), rows)
    invocation.show.result({"deployments": [row[0] for row in rows]})
    return ExitCode.SUCCEEDED


@deploy.command(epilog="\b\nExample:\n  cicd deploy status d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]")
@shared_options
def status(invocation: Invocation, deployment_id: str | None) -> int:
    """Show a deployment and its lifecycle events; the newest one if none is named."""
    from cicd.deploy.run import get_deployment

    with invocation.services() as services:
        result = get_deployment(deployment_id or _newest(services), services)
    invocation.show.table(("instance", "event", "status"), list(result.events))
    _show(invocation.show, result)
    invocation.show.result(result.deployment)
    return ExitCode.SUCCEEDED


def _newest(services: Services) -> str:
    records = services.executions.list(kind="deployment", limit=1)
    if not records:
        raise UsageError("there is no deployment yet", hint="'cicd deploy' makes one")
    return records[0].stream.partition("/")[2]


@deploy.command(epilog="\b\nExample:\n  cicd deploy stop d-ABCDEFGHI --no-rollback\n")
@click.argument("deployment_id", required=False, metavar="[ID]")
@click.option(
    "--rollback/--no-rollback", default=None, help="Roll back or not, whatever the group says."
)
@shared_options
def stop(
    invocation: Invocation,
    deployment_id: str | None,
    rollback: bool | None,  # noqa: FBT001  # click hands flags over so
) -> int:
    """Stop a deployment: events that run finish, none begins. The newest one if none is named."""
    from cicd.deploy.run import stop_deployment

    with invocation.services() as services:
        answer = stop_deployment(
            deployment_id or _newest(services), services, auto_rollback=rollback
        )
    invocation.show.text(f"{answer['status']}: {answer['statusMessage']}")
    invocation.show.result(answer)
    return ExitCode.SUCCEEDED


@deploy.command("continue", epilog="\b\nExample:\n  cicd deploy continue d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]")
@click.option(
    "--deployment-wait-type",
    "wait",
    type=click.Choice(("READY_WAIT", "TERMINATION_WAIT"), case_sensitive=False),
    help="Which wait is over; by default the one that it is in.",
)
@shared_options
def continue_(invocation: Invocation, deployment_id: str | None, wait: str | None) -> int:
    """End a wait of a blue/green deployment. The newest one if none is named."""
    from cicd.deploy.run import resume_deployment
    from cicd.deploy.traffic.continuation import continue_deployment
    from cicd.deploy.traffic.plan import WaitType

    with invocation.services() as services:
        record = continue_deployment(
            deployment_id or _newest(services), services, WaitType(wait.upper()) if wait else None
        )
        found = record.stream.partition("/")[2]
        if not record.driven:
            return _finish(invocation.show, resume_deployment(found, services))
    invocation.show.text(f"{found} goes on")
    invocation.show.result({})
    return ExitCode.SUCCEEDED


@deploy.command(epilog="\b\nExample:\n  cicd deploy resume d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]")
@shared_options
def resume(invocation: Invocation, deployment_id: str | None) -> int:
    """Go on with a deployment whose driver died. The newest one if none is named."""
    from cicd.deploy.run import resume_deployment

    with invocation.services() as services:
        result = resume_deployment(deployment_id or _newest(services), services)
    return _finish(invocation.show, result)
