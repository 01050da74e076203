"""Manual approvals from outside: which ones wait, and the answer to one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cicd.engine.signals import send
from cicd.errors import UsageError
from cicd.pipeline.execution import execution_state
from cicd.pipeline.plan import ActionPlan
from cicd.pipeline.process import PipelineProcess
from cicd.pipeline.state import deadline
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.pipeline.state import PipelineState
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
    return _waiting(execution_state(stream, services), services.clock.now())


class Approvals:
    """The approvals of one execution, for who looks again and again: each event is read once."""

    def __init__(self, stream: str, services: Services) -> None:
        """Begin before the first event, which need not be there yet."""
        self._stream, self._services = stream, services
        self._process = PipelineProcess()
        self._state, self._version = self._process.initial(), 0

    def waiting(self) -> tuple[WaitingApproval, ...]:
        """Give those that may be answered now."""
        for version, event in self._services.log.read(self._stream, after=self._version):
            self._state, self._version = self._process.apply(self._state, event), version
        return _waiting(self._state, self._services.clock.now())


def _waiting(state: PipelineState, now: datetime) -> tuple[WaitingApproval, ...]:
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
    by: str = "",
) -> None:
    """
    Answer a manual approval; whoever drives the execution goes on within a moment.

    ``by`` is who answers, "" if nobody knows.

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
        by=by,
    )
