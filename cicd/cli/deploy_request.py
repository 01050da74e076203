"""What ``cicd deploy`` is told, in words → the deployment that is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.deploy.config import DeploymentConfig
    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.run import DeploymentRequest
    from cicd.deploy.shift.config import ShiftConfig
    from cicd.deploy.spec import ComputePlatform
    from cicd.document.resources import Resources
    from cicd.ports import Services, TargetSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentWords:
    """The argument and options of a deployment, as they were written."""

    revision: Path | None
    group: str | None
    instances: tuple[str, ...]
    strategy: str | None
    percentage: int | None
    interval: str | None
    images: tuple[str, ...]
    minimum_healthy: str | None
    file_exists_behavior: str | None
    appspec: str
    ignore_application_stop_failures: bool
    update_outdated_instances_only: bool
    restart: bool
    events: str | None
    description: str
    rollback: bool | None
    ignore_alarms: bool


def read_request(invocation: Invocation, words: DeploymentWords) -> DeploymentRequest:
    """Find the group, and say what is wanted of it; raises as the command does for bad words."""
    from cicd.deploy.find_group import find_group, parse_instance
    from cicd.deploy.local_events import local_events
    from cicd.deploy.run import DeploymentRequest
    from cicd.deploy.spec import ComputePlatform, FileExistsBehavior
    from cicd.document.resources import Resources
    from cicd.wiring.machine import tagged_instances

    if words.restart and words.revision is not None:
        raise UsageError(
            "RESTART is of the last good revision: it takes none",
            hint=f"leave out '{words.revision}', or --deployment-mode",
        )
    start = Path.cwd()
    home = invocation.settings(start).home
    root = home.parent if home.name == ".cicd" else start
    resources = Resources.load(start if (start / "cicd.yml").exists() else root)
    if words.group is not None:
        from cicd.deploy.template_group import with_template_of

        resources = with_template_of(words.group, resources, resources.root)
    group = find_group(
        resources,
        name=words.group,
        instances=tuple(parse_instance(text, start) for text in words.instances),
        home=home,
        tagged=tagged_instances,
        members=_members(invocation),
    )
    behavior = words.file_exists_behavior
    revision = words.revision or resources.root
    platform = ComputePlatform.SERVER
    if not words.restart:
        platform = _platform(group, revision, words.appspec)
    servers = platform is ComputePlatform.SERVER
    if servers and words.images:
        raise UsageError(
            f"'{group.name}' is for servers: no task of it has an image",
            hint="--image is of groups with 'ecsServices'",
        )
    return DeploymentRequest(
        group=group,
        revision=revision,
        appspec=words.appspec,
        config=_config(words.strategy, words.minimum_healthy, resources) if servers else None,
        shift=_shift(group, platform, words, resources),
        images=_images(words.images),
        file_exists_behavior=FileExistsBehavior(behavior.upper()) if behavior else None,
        ignore_application_stop_failures=words.ignore_application_stop_failures,
        description=words.description,
        auto_rollback=words.rollback,
        ignore_alarms=words.ignore_alarms,
        update_outdated_instances_only=words.update_outdated_instances_only,
        restart=words.restart,
        events=() if words.events is None else local_events(words.events),
    )


@contextmanager
def past(invocation: Invocation) -> Iterator[Services | None]:
    """Open what is remembered; nothing is, where there is no home yet, and a plan makes none."""
    start = Path.cwd()
    if not invocation.settings(start).home.exists():
        yield None
        return
    with invocation.services(start) as services:
        yield services


def _members(invocation: Invocation) -> Callable[[str], Sequence[TargetSpec] | None]:
    """Look fleets up only when a group names one."""

    def members(fleet: str) -> Sequence[TargetSpec] | None:
        from cicd.deploy.fleet.ledger import members_of

        with past(invocation) as services:
            return None if services is None else members_of(fleet, services)

    return members


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
    words: DeploymentWords,
    resources: Resources,
) -> ShiftConfig | None:
    """Give the configuration of a shift, where it is not the group's."""
    from cicd.deploy.shift.config import custom_shift, find_shift_config
    from cicd.deploy.spec import ComputePlatform

    strategy, percentage, interval = words.strategy, words.percentage, words.interval
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
