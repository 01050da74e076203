"""Manual approvals from outside: which ones wait, and the answer to one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cicd.engine.signals import send
from cicd.errors import UsageError
from cicd.pipeline.execution import execution_state
from cicd.pipeline.plan import ActionPlan
from cicd.pipeline.state import deadline
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.ports import Services

MAX_SUMMARY = 512  # characters of an approval's summary


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingApproval:
    """A manual approval that nobody has answered yet."""

    action: ActionPlan
    token: str
    until: datetime


def waiting_approvals(stream: str, services: Services) -> tuple[WaitingApproval, ...]:
    """Give the approvals of an execution that may be answered now."""
    state, now = execution_state(stream, services), services.clock.now()
    found = []
    for action in state.plan.actions() if state.plan and state.concluded is None else ():
        known = state.actions.get(action.key)
        if known is None or not known.waits or known.result is None or not known.result.token:
            continue
        until = deadline(action, known)
        if now <= until:
            found.append(WaitingApproval(action=action, token=known.result.token, until=until))
    return tuple(found)


def put_approval_result(
    stream: str,
    services: Services,
    *,
    approval: WaitingApproval,
    approved: bool,
    summary: str = "",
) -> None:
    """
    Answer a manual approval; whoever drives the execution goes on within a moment.

    Raises ``UsageError`` when it was answered meanwhile, or nobody answered in time.
    Source: CodePipeline API Reference, "PutApprovalResult".
    """
    if len(summary) > MAX_SUMMARY:
        raise UsageError(
            f"the summary has {len(summary)} characters", hint=f"at most {MAX_SUMMARY} are allowed"
        )
    if approval.token not in [open_.token for open_ in waiting_approvals(stream, services)]:
        raise UsageError(
            f"the approval '{approval.action.name}' is not waiting any more",
            hint="InvalidApprovalTokenException: it was answered, or its time is over",
        )
    send(
        services.log,
        services.clock,
        stream,
        "approval",
        stage=approval.action.stage,
        action=approval.action.name,
        token=approval.token,
        status="Approved" if approved else "Rejected",
        summary=summary,
    )
