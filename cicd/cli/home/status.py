"""``cicd status``: how everything stands, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode
from cicd.ports import Level
from cicd.store.upkeep.wanted import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.ports import ExecutionRecord, Services

KINDS = {  # of executions → what people call them, and how to look at one
    "build": ("Builds", "cicd builds show"),
    "build-batch": ("Batches", "cicd batches show"),
    "pipeline": ("Pipelines", "cicd pipeline status"),
    "deployment": ("Deployments", "cicd deploy status"),
}


@click.command(
    epilog="""\b
Examples:
  cicd status
  cicd status --limit 3 --output json
"""
)
@click.option("--limit", type=click.IntRange(1, 100), default=5, help="Of each kind (5).")
@shared_options
def status(invocation: Invocation, *, limit: int) -> int:
    """Show the last builds, pipelines and deployments, what waits for you, and the disk."""
    from cicd.deploy.history import status_of

    home = invocation.settings().home
    show = invocation.show
    if not (home / "state.db").exists():
        show.notice(f"nothing has run with the home {home} yet: cicd build, or cicd init")
        show.result({"home": str(home), "executions": {}, "approvals": [], "disk": {}})
        return ExitCode.SUCCEEDED
    with invocation.services() as services:
        found = {kind: services.executions.list(kind=kind, limit=limit) for kind in KINDS}
        # The index knows of a deployment that runs only that it does.
        told = {each.stream: status_of(each, services) for each in found["deployment"]}
        approvals = _approvals(services)
    for kind, records in found.items():
        if records:
            show.table(
                (KINDS[kind][0], "of", "status", "started", "took"),
                [_row(record, told.get(record.stream, record.status)) for record in records],
            )
            show.text("")
    for approval in approvals:
        show.text(
            f"{approval['pipelineName']}: {approval['action']} waits for approval until "
            f"{approval['until']}: {approval['command']}",
            Level.WARNING,
        )
    left = {each.stream: each for records in found.values() for each in records if is_left(each)}
    for record in left.values():
        if _begun_by(record) not in left:  # else it goes on, or ends, with what began it
            show.text(how_to_go_on(record), Level.WARNING)
    _show_disk(invocation, disk := _disk(invocation))
    show.result(
        {
            "home": str(home),
            "executions": {
                kind: [_shape(each, told.get(each.stream, each.status)) for each in records]
                for kind, records in found.items()
            },
            "approvals": [dict(approval) for approval in approvals],
            "disk": dict(disk),
        }
    )
    return ExitCode.SUCCEEDED


def _approvals(services: Services) -> list[Mapping[str, str]]:
    from cicd.pipeline.run import waiting_approvals

    return [
        {
            "pipelineName": record.name,
            "pipelineExecutionId": _id(record),
            "action": waiting.action.key,
            "until": f"{waiting.until.astimezone():%Y-%m-%d %H:%M}",
            "command": f"cicd pipeline approve {_id(record)[:8]} {waiting.action.name}",
        }
        for record in services.executions.list(kind="pipeline")
        if record.status in UNFINISHED
        for waiting in waiting_approvals(record.stream, services)
    ]


def _row(record: ExecutionRecord, status: str) -> tuple[str, ...]:
    took = (record.updated_at - record.created_at).total_seconds()
    over = record.status not in UNFINISHED
    return (
        _id(record),
        f"{record.name} {record.number}",
        "left in the middle" if is_left(record) else status,
        local_time(record.created_at),
        f"{took:.1f} s" if over else "",
    )


def _id(record: ExecutionRecord) -> str:
    return record.stream.partition("/")[2]


def _begun_by(record: ExecutionRecord) -> str:
    """Give the stream of the execution that began this one; "" where nothing did."""
    return "/".join((record.parent or "").split("/", 2)[:2])


def is_left(record: ExecutionRecord) -> bool:
    """Tell whether an execution has not ended, and nobody drives it."""
    return record.status in UNFINISHED and not record.driven


def how_to_go_on(record: ExecutionRecord) -> str:
    """Say what to type about an execution that was left in the middle."""
    verb, id_ = KINDS[record.kind][1].rsplit(" ", 1)[0], _id(record)
    return f"{id_} was left in the middle: {verb} resume {id_}, or {verb} stop {id_}"


def _shape(record: ExecutionRecord, status: str) -> JSON:
    return {
        "id": _id(record),
        "name": record.name,
        "number": record.number,
        "status": status,
        "driven": record.driven,
        "leftInTheMiddle": is_left(record),
        "startTime": record.created_at.isoformat(),
        "lastUpdateTime": record.updated_at.isoformat(),
    }


def _disk(invocation: Invocation) -> dict[str, int]:
    from cicd.store.upkeep.usage import usage

    taken = usage(invocation.settings().home)
    return dict(sorted(taken.items(), key=lambda each: -each[1]))


def _show_disk(invocation: Invocation, disk: Mapping[str, int]) -> None:
    from cicd.build.cache.pruning import size_words

    parts = ", ".join(f"{name} {size_words(size)}" for name, size in disk.items() if size)
    invocation.show.text(f"{size_words(sum(disk.values()))} on the disk: {parts}")
