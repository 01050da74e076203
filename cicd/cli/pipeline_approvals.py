"""``cicd pipeline approve`` and ``reject``: manual approvals, answered from any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.backends.user_name import user_name
from cicd.cli.offers import approvals, ids
from cicd.cli.options import shared_options
from cicd.cli.pipeline_stages import named
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.pipeline.run import WaitingApproval
    from cicd.ports import Services


@click.command(
    epilog="""\b
Examples:
  cicd pipeline approve                          the only approval that waits
  cicd pipeline approve 1b2c3d4e Approve --summary "looks good"
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@click.argument("action", metavar="[ACTION]", required=False, shell_complete=approvals)
@click.option("--summary", default="", help="Why; 512 characters at most.")
@shared_options
def approve(
    invocation: Invocation, *, execution: str | None, action: str | None, summary: str
) -> int:
    """Answer a manual approval with yes; the waiting run goes on at once."""
    return _answer(invocation, execution, action, summary, approved=True)


@click.command(
    epilog="""\b
Example:
  cicd pipeline reject --summary "not on a Friday"
"""
)
@click.argument("execution", metavar="[ID]", required=False, shell_complete=ids("pipeline"))
@click.argument("action", metavar="[ACTION]", required=False, shell_complete=approvals)
@click.option("--summary", default="", help="Why; 512 characters at most.")
@shared_options
def reject(
    invocation: Invocation, *, execution: str | None, action: str | None, summary: str
) -> int:
    """Answer a manual approval with no: its stage and the execution fail."""
    return _answer(invocation, execution, action, summary, approved=False)


def _answer(
    invocation: Invocation,
    execution: str | None,
    action: str | None,
    summary: str,
    *,
    approved: bool,
) -> int:
    from cicd.pipeline.run import find_execution, put_approval_result

    with invocation.services() as services:
        if execution is not None:
            invocation.means(**named(find_execution(execution, services)))
        stream, approval = _waiting(execution, action, services)
        invocation.means(
            **named(find_execution(stream.partition("/")[2], services)),
            stageName=approval.action.stage,
            actionName=approval.action.name,
        )
        put_approval_result(
            stream,
            services,
            approval=approval,
            approved=approved,
            summary=summary,
            by=user_name(),
        )
        word = "Approved" if approved else "Rejected"
        invocation.show.text(
            f"{approval.action.key}: {word}", Level.SUCCESS if approved else Level.WARNING
        )
        record = services.executions.find("pipeline", stream.partition("/")[2])
        if record is not None and not record.driven:
            invocation.show.notice(
                f"nobody runs it now: cicd pipeline resume {stream.partition('/')[2][:8]}",
                Level.WARNING,
            )
        invocation.show.result({"approvedAt": services.clock.now().isoformat()})
    return ExitCode.SUCCEEDED


def _waiting(
    execution: str | None, action: str | None, services: Services
) -> tuple[str, WaitingApproval]:
    """Find the one approval that is meant, among the executions that are not over."""
    from cicd.pipeline.run import find_execution, waiting_approvals

    records = services.executions.list(kind="pipeline", name=execution)
    if execution is not None and not records:
        records = [find_execution(execution, services)]
    # Of a pipeline not only its newest execution: that may stand behind the one that waits.
    streams = [record.stream for record in records if record.status in {"InProgress", "Stopping"}]
    found = [
        (stream, approval)
        for stream in streams
        for approval in waiting_approvals(stream, services)
        if action in {None, approval.action.name, approval.action.key}
    ]
    if not found:
        raise UsageError(
            "no approval waits for an answer",
            hint="InvalidApprovalTokenException: cicd pipeline status shows what waits",
        )
    if len(found) > 1:
        known = ", ".join(f"{s.partition('/')[2][:8]} {a.action.key}" for s, a in found)
        raise UsageError(f"{len(found)} approvals wait", hint=f"name one of them: {known}")
    return found[0]
