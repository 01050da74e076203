"""``cicd audit``: who asked for what, as CloudTrail would have recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.options import pair, shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.store.audit_log import AuditLog


@click.command(
    epilog="""\b
Examples:
  cicd audit                                        the last calls
  cicd audit --filter eventName=PutApprovalResult
  cicd audit --filter userIdentity.userName=ann --filter requestParameters.stageName=Prod
  cicd audit --verify                               has anybody changed it?

Exit status with --verify: 0 the chain holds, 1 it does not.
"""
)
@click.option(
    "--filter",
    "filters",
    metavar="KEY=VALUE",
    multiple=True,
    help="Only records that have it; a point goes deeper. May be repeated.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The last.")
@click.option("--verify", is_flag=True, help="Follow the chain, and say where it does not hold.")
@shared_options
def audit(invocation: Invocation, *, filters: tuple[str, ...], limit: int, verify: bool) -> int:
    """List control calls, the oldest first; looking at something is none."""
    from cicd.wiring.kept import audit_log

    log = audit_log(invocation.settings().home)
    if verify:
        return _verify(invocation, log)
    wanted = [pair(each, "KEY=VALUE", "--filter") for each in filters]
    found = [
        record
        for record in log.records()
        if all(_text(record, key) == value for key, value in wanted)
    ][-limit:]
    invocation.show.table(
        ("TIME", "WHO", "SERVICE", "CALL", "WHAT", "ERROR"), [_row(record) for record in found]
    )
    if not found:
        invocation.show.notice("no such call yet" if wanted else "nobody has asked for anything")
    invocation.show.result({"Records": found})
    return ExitCode.SUCCEEDED


def _verify(invocation: Invocation, log: AuditLog) -> int:
    head, breaks = log.verify()
    show = invocation.show
    for each in breaks:
        show.text(f"{log.path.name}:{each.line}: {each.why}", Level.FAILURE)
    if breaks:
        show.text(f"the chain does not hold at {len(breaks)} place(s)", Level.FAILURE)
    else:
        show.text(f"the chain holds: {head.count} record(s)", Level.SUCCESS)
        show.notice(f"it ends with {head.digest}; kept elsewhere, that proves it later, too")
    show.result(
        {
            "records": head.count,
            "digest": head.digest,
            "breaks": [{"line": each.line, "why": each.why} for each in breaks],
        }
    )
    return ExitCode.FAILED if breaks else ExitCode.SUCCEEDED


def _row(record: Mapping[str, JSON]) -> tuple[str, ...]:
    from datetime import datetime

    try:
        when = local_time(datetime.fromisoformat(_text(record, "eventTime")))
    except ValueError:
        when = _text(record, "eventTime")
    said: list[str] = []
    for part in ("requestParameters", "responseElements"):
        inner = record.get(part)
        for key, value in inner.items() if isinstance(inner, dict) else ():
            shown = ",".join(map(_brief, value)) if isinstance(value, list) else _brief(value)
            said.append(f"{key}={shown}")
    return (
        when,
        _text(record, "userIdentity.userName"),
        _text(record, "eventSource").partition(".")[0],
        _text(record, "eventName"),
        " ".join(dict.fromkeys(said)),
        _text(record, "errorCode"),
    )


def _brief(value: JSON) -> str:
    if isinstance(value, dict):
        return str(value.get("status") or value.get("name") or "…")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(record: Mapping[str, JSON], key: str) -> str:
    """Give what stands at "userIdentity.userName", "" where nothing does."""
    found: JSON = dict(record)
    for step in key.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return "" if found is None else _brief(found)
