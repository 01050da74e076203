"""What looks at deployments: list, status, targets, logs; and how one that ended is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.offers import ids, instances, names
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter
    from cicd.deploy.result import DeploymentResult
    from cicd.event import JSON
    from cicd.ports import ExecutionRecord, Services

_LEVELS = {
    "Succeeded": Level.SUCCESS,
    "Failed": Level.FAILURE,
    "Stopped": Level.WARNING,
    "Skipped": Level.WARNING,
}
_LONG = 200  # characters that are told twice
_TARGETS = {"ECS": "service", "Lambda": "function"}  # by compute platform; else instances
_STATUSES = ("Created", "InProgress", "Baking", "Ready", "Succeeded", "Failed", "Stopped")
_TARGET_STATUSES = ("Pending", "InProgress", "Ready", "Succeeded", "Failed", "Skipped")


def finish(show: Presenter, result: DeploymentResult, *, told: bool = False) -> int:
    """
    Show how a deployment ended, and give its exit status.

    What went wrong was told in full when it happened: of what a script said the first words do,
    and why all of it ended so stands in the line before. ``told``: so does that it went well.
    """
    if not result.detail:
        result = replace(result, failure=None)
    words = result.failure.split("\n", 1) if result.failure else ()
    if words and len(words[0]) > _LONG:
        words = [f"{words[0][:_LONG].rsplit(' ', 1)[0]} …", *words[1:]]
    show_result(show, replace(result, failure="\n".join(words)), told=told)
    _whose_script(show, result)
    if result.rollback is not None:
        show_result(show, result.rollback)
        _whose_script(show, result.rollback)
    for fleet in result.left_fleets:
        show.text(
            f"the fleet {fleet}, copied for it, is left to be looked at: cicd fleet down {fleet}"
        )
    if result.last_good:
        show.text(
            f"'cicd deploy rollback {result.deployment_id}' deploys the revision of "
            f"{result.last_good} again, to all of them"
        )
    show.result(result.deployment)
    return ExitCode.SUCCEEDED if result.status == "Succeeded" else ExitCode.FAILED


def _whose_script(show: Presenter, result: DeploymentResult) -> None:
    """Say what helps where a script of the revision before failed: mending it does not."""
    from cicd.deploy.lifecycle import PREVIOUS_REVISION, LifecycleEvent

    failed, found = result.detail.get("lifecycleEventName"), result.detail.get("diagnostics")
    scripted = isinstance(found, dict) and bool(found.get("scriptName"))
    if not scripted or failed not in PREVIOUS_REVISION:
        return
    target = result.detail["targetId"]
    order = [event for known, event, _ in result.events if known == target]
    # With --events it may come when the new revision is there already.
    if LifecycleEvent.DOWNLOAD_BUNDLE not in order[: order.index(str(failed))]:
        show.text(
            "that script is of the revision that is installed, not of this one, where mending it "
            "would not help: --ignore-application-stop-failures goes on without it"
        )


def show_result(show: Presenter, result: DeploymentResult, *, told: bool = False) -> None:
    """Show how one deployment ended, or how far it is; of ``told`` success what is new in it."""
    plain = not result.failure and {"Succeeded"} == {status for _, status in result.targets}
    if told and plain and not result.left and result.status == "Succeeded":
        if result.endpoints or result.load_balancers:
            _show_targets(show, result)
        return
    if result.failure:
        show.text(result.failure, Level.FAILURE)
    _show_targets(show, result)
    failed = sum(status == "Failed" for _, status in result.targets)
    besides = (
        f", {failed} of {len(result.targets)} Failed"
        if result.status == "Succeeded" and failed
        else ""
    )
    information = _info(result).get("errorInformation")
    code = f" {information['code']}" if isinstance(information, dict) else ""
    left = f", {result.left}" if result.left else ""
    show.text(
        f"{result.deployment_id}: {result.status}{code}{besides}{left}",
        _LEVELS.get(result.status, Level.INFO),
    )


def _show_targets(show: Presenter, result: DeploymentResult) -> None:
    """Show how each target ended, and where it and the load balancers are reached."""
    columns = (_what(result), "status", *(("endpoint",) if result.endpoints else ()))
    rows = [
        (name, status, result.endpoints.get(name, ""))[: len(columns)]
        for name, status in result.targets
    ]
    show.table(columns, rows)
    for name, address in result.load_balancers.items():
        show.text(f"{name} is {address}")


def _what(result: DeploymentResult) -> str:
    """Say what a deployment's targets are."""
    return _TARGETS.get(str(_info(result)["computePlatform"]), "instance")


def _info(result: DeploymentResult) -> Mapping[str, JSON]:
    info = result.deployment["deploymentInfo"]
    assert isinstance(info, dict), "made by deployment_info"
    return info


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
    invocation.show.table((_what(result), "event", "status"), list(result.events))
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
    found = _info(result).get("rollbackInfo")
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
        show.table((_what(result), "status"), [(name, known[name]) for name in chosen])
        found = [inner_target(by_name[name])["targetId"] for name in chosen]
        show.result({"targetIds": found})
        return ExitCode.SUCCEEDED
    show.table(
        (_what(result), "event", "status"), [each for each in result.events if each[0] in chosen]
    )
    show.result({"deploymentTargets": [by_name[name] for name in chosen]})
    return ExitCode.SUCCEEDED


def _require_target(result: DeploymentResult, name: str) -> None:
    known = [target for target, _ in result.targets]
    if name not in known:
        raise UsageError(
            f"{result.deployment_id} has no {_what(result)} '{name}' "
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
