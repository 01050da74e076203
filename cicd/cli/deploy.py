"""``cicd deploy``: a deployment, or what it would be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.deployment_acts import continue_command, resume, rollback_command, stop
from cicd.cli.deployments import list_deployments, logs, status, targets
from cicd.cli.group import Commands
from cicd.cli.hook_report import put_hook_status_command
from cicd.cli.offers import groups
from cicd.cli.options import shared_options
from cicd.cli.shift_report import report
from cicd.errors import DocumentError, ExitCode, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cicd.cli.invocation import Invocation
    from cicd.deploy.compile import PlannedDeployment
    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.run import DeploymentRequest

_STRATEGIES = (
    "AllAtOnce, HalfAtATime, OneAtATime, Custom, or one of cicd.yml; of services AllAtOnce, "
    "Canary10Percent5Minutes and its like, Canary or Linear"
)


class DeployGroup(Commands):
    """A group whose first word may also be a revision: then it is a deployment."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take any word that is not a command for ``run``'s revision."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, and what may follow when it is a deployment at once."""
        from click.shell_completion import CompletionItem

        found = [*super().shell_complete(ctx, incomplete)]
        if incomplete.startswith("-"):
            known = {item.value for item in found}
            more = self.commands["run"].shell_complete(ctx, incomplete)
            return [*found, *(item for item in more if item.value not in known)]
        return found or [CompletionItem(incomplete, "file")]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Deploy when there is no command at all; ``--help`` stays the group's."""
        if ctx.resilient_parsing and not args:  # a shell asks what may follow
            return super().parse_args(ctx, args)
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
  cicd deploy --instance web=container:web      to a container that runs
  cicd deploy --instance here                   to this machine itself, as the agent would
  cicd deploy --minimum-healthy 75%             a custom minimum of healthy hosts
  cicd deploy --plan --failures 1               what would happen if an instance failed
  cicd deploy --deployment-mode RESTART         the last good revision again, nothing downloaded
  cicd deploy --strategy Canary --percentage 10 --interval 5m    shift a service's traffic
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
Examples:
  cicd deploy run                        this repository, to the group of cicd.yml
  cicd deploy run dist --group web --strategy HalfAtATime
  cicd deploy run dist --instance web-1=/tmp/web-1 --instance web-2=/tmp/web-2

\b
Exit status: 0 Succeeded, 1 Failed or Stopped, 2 usage, 3 an invalid AppSpec,
4 an AppSpec for another platform than the group's, or this machine cannot do it now.
"""
)
@click.argument("revision", required=False, type=click.Path(path_type=Path))
@click.option(
    "--group",
    "group_name",
    metavar="NAME",
    help="Group, or application/group, of cicd.yml or a template.",
    shell_complete=groups,
)
@click.option(
    "--instance",
    "instances",
    multiple=True,
    metavar="ID=PLACE",
    help="An instance: a directory, container:NAME, or the word 'here' for this machine itself; "
    "may be repeated.",
)
@click.option("--strategy", metavar="NAME", help=f"{_STRATEGIES}.")
@click.option(
    "--percentage", type=click.IntRange(1, 99), help="Of --strategy Canary or Linear, per step."
)
@click.option("--interval", metavar="TIME", help="Between its steps: 90s, 5m, 1h.")
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME=IMAGE",
    help="The image of a service's container, or of its placeholder; may be repeated.",
)
@click.option("--minimum-healthy", metavar="N|N%", help="Hosts that must stay healthy.")
@click.option(
    "--file-exists-behavior",
    type=AnyCase(("DISALLOW", "OVERWRITE", "RETAIN")),
    help="What to do about files that nobody deployed (DISALLOW).",
)
@click.option("--appspec", metavar="FILE", default="appspec.yml", help="Its name in the revision.")
@click.option(
    "--ignore-application-stop-failures", is_flag=True, help="Go on when ApplicationStop fails."
)
@click.option(
    "--update-outdated-instances-only",
    is_flag=True,
    help="Only to instances that do not have the last good revision.",
)
@click.option(
    "--deployment-mode",
    type=AnyCase(("RESTART",)),
    help="RESTART: the group's last good revision again, from what its instances have unpacked.",
)
@click.option(
    "--events",
    metavar="LIST",
    help="These lifecycle events, as codedeploy-local takes them: 'ApplicationStop,DownloadBundle'"
    "; an empty list is all of them.",
)
@click.option("--description", default="", help="Kept with the deployment.")
@click.option(
    "--rollback/--no-rollback", default=None, help="Roll back or not, whatever the group says."
)
@click.option("--ignore-alarms", is_flag=True, help="Go on while an alarm is on: it is mended.")
@click.option("--strict", is_flag=True, help="Refuse an AppSpec that has a warning.")
@click.option("--plan", is_flag=True, help="Say what would be done and when, and stop there.")
@click.option(
    "--failures", type=click.IntRange(0), default=0, help="For --plan: so many instances fail."
)
@click.option("--yes", is_flag=True, help="Do not ask before this machine itself is written to.")
@click.option("--speed", type=click.FloatRange(0.001, 1e6), default=1.0, help="Scales waits.")
@shared_options
def run(
    invocation: Invocation,
    *,
    revision: Path | None,
    group_name: str | None,
    instances: tuple[str, ...],
    strategy: str | None,
    percentage: int | None,
    interval: str | None,
    images: tuple[str, ...],
    minimum_healthy: str | None,
    file_exists_behavior: str | None,
    appspec: str,
    ignore_application_stop_failures: bool,
    update_outdated_instances_only: bool,
    deployment_mode: str | None,
    events: str | None,
    description: str,
    rollback: bool | None,
    ignore_alarms: bool,
    strict: bool,
    plan: bool,
    failures: int,
    yes: bool,
    speed: float,
) -> int:
    """Deploy REVISION: a directory, or a zip, tar or tgz file; by default this repository."""
    from cicd.cli.deploy_request import DeploymentWords, past, read_request
    from cicd.deploy.run import plan_deployment
    from cicd.document.problem import Severity
    from cicd.wiring.machine import make_ready

    words = DeploymentWords(
        revision=revision,
        group=group_name,
        instances=instances,
        strategy=strategy,
        percentage=percentage,
        interval=interval,
        images=images,
        minimum_healthy=minimum_healthy,
        file_exists_behavior=file_exists_behavior,
        appspec=appspec,
        ignore_application_stop_failures=ignore_application_stop_failures,
        update_outdated_instances_only=update_outdated_instances_only,
        restart=deployment_mode is not None,
        events=events,
        description=description,
        rollback=rollback,
        ignore_alarms=ignore_alarms,
    )
    request = read_request(invocation, words)
    if not plan:
        make_ready(request.group.targets)
    if request.restart:
        with past(invocation) as services:
            planned = plan_deployment(request, services)
    else:
        planned = plan_deployment(request)
    if strict and any(each.severity is not Severity.NOTE for each in planned.problems):
        raise DocumentError(planned.problems)
    invocation.warn(planned.problems)
    if plan:
        _show(invocation, request, planned, failures, speed)
        return ExitCode.SUCCEEDED
    if not yes:
        _confirm(request.group)
    return _carry_out(invocation, request, planned, speed)


def _show(
    invocation: Invocation,
    request: DeploymentRequest,
    planned: PlannedDeployment,
    failures: int,
    speed: float,
) -> None:
    from cicd.cli.deploy_plan import show_plan
    from cicd.cli.deploy_request import past
    from cicd.cli.shift_plan import show_shift_plan
    from cicd.deploy.run import forecast_deployment
    from cicd.deploy.shift.history import settle_service

    with past(invocation) as services:
        if planned.plan.shift is not None:
            settled = planned.plan
            if services is not None:
                settled = settle_service(settled, services)
            show_shift_plan(invocation.show, settled, speed)
            return
        jobs = invocation.settings(Path.cwd()).jobs
        forecast = forecast_deployment(request, services, failures=failures, jobs=jobs)
    show_plan(invocation.show, planned, *forecast)


def _carry_out(
    invocation: Invocation, request: DeploymentRequest, planned: PlannedDeployment, speed: float
) -> int:
    from cicd.cli.shift_report import show_shift
    from cicd.cli.show.deployment import finish
    from cicd.deploy.run import run_deployment
    from cicd.ports import TargetKind

    shifts = planned.plan.shift is not None
    if speed != 1:
        invocation.show.text(
            f"the clock runs {speed:g} times as fast: 1 minute is {60 / speed:g} s"
        )
    with invocation.services(Path.cwd(), speed=speed) as services:
        for target in request.group.targets:
            if target.kind is TargetKind.MACHINE:
                services.target(target).check()  # before anything is begun
        result = run_deployment(request, services)
        if shifts:
            show_shift(invocation.show, result.deployment_id, services)
        return finish(invocation.show, result, told=True)


def _confirm(group: DeploymentGroup) -> None:
    """Ask before this machine itself is written to; raises ``UsageError`` for a no."""
    from cicd.ports import TargetKind

    if not any(target.kind is TargetKind.MACHINE for target in group.targets):
        return
    terminal = sys.stdin.isatty()
    question = "Files are written below / of this machine, and hooks run on it. Go on?"
    if not (terminal and click.confirm(question, err=True)):
        raise UsageError(
            "nothing was deployed: this machine itself would be written to",
            hint="say --yes, or give the instance a directory: --instance ID=DIRECTORY",
        )


_LOOKING = (report, list_deployments, status, targets, logs)
_ACTING = (stop, continue_command, resume, rollback_command, put_hook_status_command)
for command in (*_LOOKING, *_ACTING):
    deploy.add_command(command)
