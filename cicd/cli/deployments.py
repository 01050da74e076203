"""What looks at deployments: list, status, targets, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.offers import ids, instances, names
from cicd.cli.options import shared_options
from cicd.cli.show.deployment import info_of, kind_of_target, show_result
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.deploy.result import DeploymentResult
    from cicd.ports import ExecutionRecord, Services

_STATUSES = ("Created", "InProgress", "Baking", "Ready", "Succeeded", "Failed", "Stopped")
_TARGET_STATUSES = ("Pending", "InProgress", "Ready", "Succeeded", "Failed", "Skipped")


@click.command("list", epilog="\b\nExample:\n  cicd deploy list --group web --limit 5\n")
@click.option(
    "--group",
    "group_name",
    metavar="NAME",
    help="Only this group's.",
    shell_complete=names("deployment"),
)
@click.option("--status", type=AnyCase(_STATUSES), help="Only such ones.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."
)
@shared_options
def list_deployments(
    invocation: Invocation, group_name: str | None, status: str | None, limit: int
) -> int:
    """List deployments, the newest first."""
    from cicd.deploy.history import status_of

    with invocation.services() as services:
        records = services.executions.list(
            kind="deployment", name=group_name, limit=None if status else limit
        )
        statuses = {record.stream: status_of(record, services) for record in records}
        if status:
            records = [each for each in records if statuses[each.stream] == status][:limit]
        related = _related(records, services)
    rows = [
        (
            record.stream.partition("/")[2],
            record.name,
            statuses[record.stream] + (" (interrupted)" if _is_left(record) else ""),
            local_time(record.created_at),
            related.get(record.stream, ""),
        )
        for record in records
    ]
    columns = ("deployment", "group", "status", "created", *(("related",) if related else ()))
    invocation.show.table(columns, [row[: len(columns)] for row in rows])
    if not rows:
        invocation.show.text(
            "no such deployment" if group_name or status else "no deployments yet"
        )
    invocation.show.result({"deployments": [row[0] for row in rows]})
    return ExitCode.SUCCEEDED


def _is_left(record: ExecutionRecord) -> bool:
    from cicd.deploy.state import FINAL

    return record.status not in FINAL and not record.driven


def _related(records: Sequence[ExecutionRecord], services: Services) -> Mapping[str, str]:
    """Say which of these is whose rollback, from both ends, or a fleet's own; by stream."""
    from cicd.deploy.fleet.hooks import BY_ITSELF
    from cicd.deploy.history import read_plan, stream_of

    related: dict[str, str] = {}
    for record in records:
        # What a deployment began has it for a parent; not all of that are rollbacks.
        if not (record.parent or "").startswith(("deployment/", "fleet/")):
            continue
        plan = read_plan(record.stream, services)
        if plan is not None and plan.creator in BY_ITSELF:
            related[record.stream] = plan.description
        if plan is not None and plan.rollback_of is not None:
            related[record.stream] = f"rollback of {plan.rollback_of}"
            related.setdefault(stream_of(plan.rollback_of), f"rolled back by {plan.deployment_id}")
    return related


@click.command(epilog="\b\nExample:\n  cicd deploy status d-ABCDEFGHI\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@shared_options
def status(invocation: Invocation, deployment_id: str | None) -> int:
    """Show a deployment and its lifecycle events; the newest one if none is named."""
    from cicd.deploy.run import get_deployment

    with invocation.services() as services:
        result = get_deployment(deployment_id or newest(services), services)
        record = services.executions.find("deployment", result.deployment_id)
    invocation.show.table((kind_of_target(result), "event", "status"), list(result.events))
    show_result(invocation.show, result)
    if record is not None and _is_left(record):
        invocation.show.text(
            f"nobody drives it: 'cicd deploy resume {result.deployment_id}' goes on",
            Level.WARNING,
        )
    for words in _rollback_words(result):
        invocation.show.text(words)
    invocation.show.result(result.deployment)
    return ExitCode.SUCCEEDED


def _rollback_words(result: DeploymentResult) -> Iterator[str]:
    """Say what a deployment has to do with a rollback, if it has."""
    found = info_of(result).get("rollbackInfo")
    if isinstance(found, dict):
        if "rollbackTriggeringDeploymentId" in found:
            of = found["rollbackTriggeringDeploymentId"]
            yield f"{result.deployment_id} is the rollback of {of}"
        if "rollbackMessage" in found:
            yield str(found["rollbackMessage"])


def newest(services: Services) -> str:
    """Give the deployment that was made last; raises ``UsageError`` where there is none."""
    records = services.executions.list(kind="deployment", limit=1)
    if not records:
        raise UsageError("there is no deployment yet", hint="'cicd deploy' makes one")
    return records[0].stream.partition("/")[2]


@click.command(epilog="\b\nExample:\n  cicd deploy targets d-ABCDEFGHI web-1 --output json\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.argument("names", nargs=-1, metavar="[INSTANCE]...", shell_complete=instances)
@click.option("--status", type=AnyCase(_TARGET_STATUSES), help="Only such ones.")
@shared_options
def targets(
    invocation: Invocation, deployment_id: str | None, names: tuple[str, ...], status: str | None
) -> int:
    """List a deployment's instances; with their names, show each with its lifecycle events."""
    from cicd.deploy.run import get_deployment
    from cicd.deploy.shapes import inner_target

    with invocation.services() as services:
        result = get_deployment(deployment_id or newest(services), services)
    known = dict(result.targets)
    for name in names:
        _require_target(result, name)
    chosen = [name for name in names or known if status in (None, known[name])]
    show = invocation.show
    shapes = result.deployment["deploymentTargets"]
    assert isinstance(shapes, list), "made by deployment_targets"
    # That of a service has an id of its own, which is not its name here.
    by_name = {name: shape for (name, _), shape in zip(result.targets, shapes, strict=True)}
    if not names:
        show.table((kind_of_target(result), "status"), [(name, known[name]) for name in chosen])
        found = [inner_target(by_name[name])["targetId"] for name in chosen]
        show.result({"targetIds": found})
        return ExitCode.SUCCEEDED
    show.table(
        (kind_of_target(result), "event", "status"),
        [each for each in result.events if each[0] in chosen],
    )
    show.result({"deploymentTargets": [by_name[name] for name in chosen]})
    return ExitCode.SUCCEEDED


def _require_target(result: DeploymentResult, name: str) -> None:
    known = [target for target, _ in result.targets]
    if name not in known:
        raise UsageError(
            f"{result.deployment_id} has no {kind_of_target(result)} '{name}' "
            "(DeploymentTargetDoesNotExistException)",
            hint=f"it has {', '.join(known)}",
        )


@click.command(epilog="\b\nExample:\n  cicd deploy logs d-ABCDEFGHI --instance web-1 --follow\n")
@click.argument("deployment_id", required=False, metavar="[ID]", shell_complete=ids("deployment"))
@click.option("--instance", metavar="NAME", help="Only this instance's.", shell_complete=instances)
@click.option("--event", metavar="NAME", help="Only this lifecycle event's.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the deployment has ended.")
@shared_options
def logs(
    invocation: Invocation,
    *,
    deployment_id: str | None,
    instance: str | None,
    event: str | None,
    follow: bool,
) -> int:
    """Print what the scripts of a deployment said, as the agent logs it."""
    from cicd.deploy.run import get_deployment

    with invocation.services() as services:
        result = get_deployment(deployment_id or newest(services), services)
        if instance is not None:
            _require_target(result, instance)
        known = dict.fromkeys(name for _, name, _ in result.events)
        if event is not None and event not in known:
            raise UsageError(
                f"{result.deployment_id} has no lifecycle event '{event}'",
                hint=f"it has {', '.join(known)}",
            )
        inbox = services.clock.inbox()
        offset = 0
        while True:
            # Asked before reading, so that nothing written in between is missed.
            record = services.executions.find("deployment", result.deployment_id)
            ended = not follow or record is None or not record.driven
            for behind, line in services.logs.read(result.stream, after=offset):
                offset = behind
                target, _, name = line.origin.rpartition("/")
                if instance in (None, target) and event in (None, name):
                    invocation.show.line(result.stream, line)
            if ended or services.cancel.reason is not None:
                return ExitCode.SUCCEEDED
            inbox.take(None)
