"""``cicd deploy``: a deployment, or what it would be."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.deployments import (
    continue_command,
    finish,
    list_deployments,
    logs,
    resume,
    rollback_command,
    status,
    stop,
    targets,
)
from cicd.cli.hook_report import put_hook_status_command
from cicd.cli.options import shared_options
from cicd.cli.shift_report import report
from cicd.errors import DocumentError, ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.deploy.config import DeploymentConfig
    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.shift.config import ShiftConfig
    from cicd.deploy.spec import ComputePlatform
    from cicd.document.resources import Resources
    from cicd.ports import Services, TargetSpec

_STRATEGIES = (
    "AllAtOnce, HalfAtATime, OneAtATime, Custom, or one of cicd.yml; of services AllAtOnce, "
    "Canary10Percent5Minutes and its like, Canary or Linear"
)


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
  cicd deploy --instance web=container:web      to a container that runs
  cicd deploy --instance here                   to this machine itself, as the agent would
  cicd deploy --minimum-healthy 75%             a custom minimum of healthy hosts
  cicd deploy --plan --failures 1               what would happen if an instance failed
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
Exit status: 0 Succeeded, 1 Failed or Stopped, 2 usage, 3 an invalid AppSpec,
4 an AppSpec for another platform than the group's, or this machine cannot do it now.
"""
)
@click.argument("revision", required=False, type=click.Path(path_type=Path))
@click.option("--group", "group_name", metavar="NAME", help="Group, or application/group.")
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
    type=click.Choice(("DISALLOW", "OVERWRITE", "RETAIN"), case_sensitive=False),
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
    from cicd.cli.deploy_plan import show_plan
    from cicd.cli.shift_plan import show_shift_plan
    from cicd.cli.shift_report import show_shift
    from cicd.deploy.find_group import find_group, parse_instance
    from cicd.deploy.local_events import local_events
    from cicd.deploy.run import (
        DeploymentRequest,
        forecast_deployment,
        plan_deployment,
        run_deployment,
    )
    from cicd.deploy.shift.history import settle_service
    from cicd.deploy.spec import ComputePlatform, FileExistsBehavior
    from cicd.document.problem import Severity
    from cicd.document.resources import Resources
    from cicd.ports import TargetKind
    from cicd.wiring import tagged_instances

    start = Path.cwd()
    home = invocation.settings(start).home
    root = home.parent if home.name == ".cicd" else start
    resources = Resources.load(start if (start / "cicd.yml").exists() else root)
    group = find_group(
        resources,
        name=group_name,
        instances=tuple(parse_instance(text, start) for text in instances),
        home=home,
        tagged=tagged_instances,
        members=_members(invocation, start, home),
    )
    behavior = file_exists_behavior
    platform = _platform(group, revision or resources.root, appspec)
    servers = platform is ComputePlatform.SERVER
    request = DeploymentRequest(
        group=group,
        revision=revision or resources.root,
        appspec=appspec,
        config=_config(strategy, minimum_healthy, resources) if servers else None,
        shift=_shift(group, platform, strategy, percentage, interval, resources),
        images=_images(images),
        file_exists_behavior=FileExistsBehavior(behavior.upper()) if behavior else None,
        ignore_application_stop_failures=ignore_application_stop_failures,
        description=description,
        auto_rollback=rollback,
        ignore_alarms=ignore_alarms,
        update_outdated_instances_only=update_outdated_instances_only,
        events=() if events is None else local_events(events),
    )
    planned = plan_deployment(request)
    if strict and any(each.severity is not Severity.NOTE for each in planned.problems):
        raise DocumentError(planned.problems)
    if planned.problems:
        invocation.show.problems(planned.problems)
    if plan and planned.plan.shift is not None:
        with _past(invocation, start, home) as services:
            show_shift_plan(
                invocation.show,
                planned.plan if services is None else settle_service(planned.plan, services),
                speed,
            )
        return ExitCode.SUCCEEDED
    if plan:
        jobs = invocation.settings(start).jobs
        with _past(invocation, start, home) as services:
            forecast = forecast_deployment(request, services, failures=failures, jobs=jobs)
        show_plan(invocation.show, planned, *forecast)
        return ExitCode.SUCCEEDED
    if not yes:
        _confirm(group)
    if speed != 1 and planned.plan.shift is not None:
        invocation.show.text(
            f"the clock runs {speed:g} times as fast: 1 minute is {60 / speed:g} s"
        )
    with invocation.services(start, speed=speed) as services:
        for target in group.targets:
            if target.kind is TargetKind.MACHINE:
                services.target(target).check()  # before anything is begun
        result = run_deployment(request, services)
        if planned.plan.shift is not None:
            show_shift(invocation.show, result.deployment_id, services)
        return finish(invocation.show, result)


def _members(
    invocation: Invocation, start: Path, home: Path
) -> Callable[[str], Sequence[TargetSpec] | None]:
    """Look fleets up only when a group names one."""

    def members(fleet: str) -> Sequence[TargetSpec] | None:
        from cicd.deploy.fleet.ledger import members_of

        with _past(invocation, start, home) as services:
            return None if services is None else members_of(fleet, services)

    return members


@contextmanager
def _past(invocation: Invocation, start: Path, home: Path) -> Iterator[Services | None]:
    """Open what is remembered; nothing is, where there is no home yet, and a plan makes none."""
    if not home.exists():
        yield None
        return
    with invocation.services(start) as services:
        yield services


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


def _platform(group: DeploymentGroup, revision: Path, appspec: str) -> ComputePlatform:
    from cicd.deploy.agent import bundle
    from cicd.deploy.shift.platform import platform_of

    return platform_of(group, revision, bundle.bundle_type(revision), appspec)


def _shift(
    group: DeploymentGroup,
    platform: ComputePlatform,
    strategy: str | None,
    percentage: int | None,
    interval: str | None,
    resources: Resources,
) -> ShiftConfig | None:
    """Give the configuration of a shift, where it is not the group's."""
    from cicd.deploy.shift.config import custom_shift, find_shift_config
    from cicd.deploy.spec import ComputePlatform

    custom = percentage is not None or interval is not None
    if platform is ComputePlatform.SERVER:
        if custom:
            raise UsageError(
                f"'{group.name}' is for servers: there is no traffic to shift by steps",
                hint="--percentage and --interval are of groups with 'ecsServices', and of "
                "functions",
            )
        return None
    if strategy is None and not custom:
        return None
    if custom or strategy in ("Canary", "Linear"):
        return custom_shift(strategy or "Canary", platform, percentage, interval)
    return find_shift_config(strategy or "", platform, resources)


def _images(written: Sequence[str]) -> tuple[tuple[str, str], ...]:
    images = []
    for text in written:
        name, _, image = text.partition("=")
        if not name or not image:
            raise UsageError(
                f"'{text}' is not an image of a container", hint="write --image web=shop:2"
            )
        images.append((name, image))
    return tuple(images)


_LOOKING = (report, list_deployments, status, targets, logs)
_ACTING = (stop, continue_command, resume, rollback_command, put_hook_status_command)
for command in (*_LOOKING, *_ACTING):
    deploy.add_command(command)
