"""BatchProcess: which builds of a batch come next, and how it ends. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.build.batch.commands import BatchCommand, CombineArtifacts, RunBuild
from cicd.build.batch.state import (
    BatchPhaseType,
    BatchState,
    NodeRecord,
    close,
    ended,
    enter,
    final_status,
    with_node,
)
from cicd.build.state import StatusType
from cicd.engine.codec import decode
from cicd.engine.graph import Dag
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus
from cicd.event import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.build.batch.plan import BatchNode, BatchPlan
    from cicd.event import Event

_END = {
    StatusType.SUCCEEDED: BatchPhaseType.SUCCEEDED,
    StatusType.STOPPED: BatchPhaseType.STOPPED,
}


class BatchProcess:
    """
    The rules of a batch.

    A build starts the moment all that it depends on has succeeded, or has failed with
    ``ignore-failure``; there are no barriers between the levels of a graph. What depends on
    another failure is never started.
    Source: user guide, "Batch build buildspec reference"; the guide is silent on dependents of
    a failed build.
    """

    def __init__(self, plan: BatchPlan) -> None:
        """Take the plan that the stream was submitted with."""
        self.plan = plan
        self._nodes = {node.identifier: node for node in plan.nodes}
        edges = [(name, node.identifier) for node in plan.nodes for name in node.depends_on]
        self._graph = Dag(self._nodes, edges) if edges else None
        self._order = self._graph.order() if self._graph is not None else ()

    def initial(self) -> BatchState:
        """Give the state of a batch that was not submitted yet."""
        return BatchState()

    def apply(self, state: BatchState, event: Event) -> BatchState:
        """Fold one event in."""
        match event.kind:
            case EventKind.SUBMITTED:
                state = self._submitted(state, event.at)
            case EventKind.STARTED:
                state = self._started(state, event)
            case EventKind.FINISHED:
                state = self._finished(state, event)
            case EventKind.SIGNALLED:
                if event.data.get("signal") == "stop" and state.stop is None:
                    state = replace(state, stop=str(event.data.get("reason") or "STOPPED"))
            case EventKind.CONCLUDED:
                return _concluded(state, event)
        return self._advance(state, event.at)

    def decide(self, state: BatchState, now: datetime) -> Decision:
        """Say what comes next."""
        current = state.open
        if current is None:
            return Decision(conclude=final_status(state)) if state.phases else Decision()
        why = self._ending(state, now)
        if why is not None:
            if state.running:
                return Decision(cancel=tuple(Cancel(key=c.key, reason=why) for c in state.running))
            return Decision(conclude=self._unfinished(state, now))
        if current.phase is BatchPhaseType.COMBINE_ARTIFACTS:
            start: tuple[BatchCommand, ...] = () if state.running else (self._combine(state),)
        else:
            start = self.ready(state)
        return Decision(start=start, wake_at=self._deadline(state))

    def in_flight(self, state: BatchState) -> tuple[BatchCommand, ...]:
        """Give the commands that started and did not finish."""
        return state.running

    def good(self, state: BatchState, identifier: str) -> bool:
        """Tell whether a build has ended so that others may go on."""
        record = state.nodes.get(identifier)
        if record is None or record.ended is None:
            return False
        return record.status is StatusType.SUCCEEDED or self._nodes[identifier].ignore_failure

    def blockers(self, state: BatchState, node: BatchNode) -> tuple[str, ...]:
        """Give those of a build's dependencies that keep it from ever starting."""
        lost = set(self.failed(state))
        for name in self._order:
            if lost.intersection(self._nodes[name].depends_on):
                lost.add(name)
        return tuple(name for name in node.depends_on if name in lost)

    def ready(self, state: BatchState) -> tuple[RunBuild, ...]:
        """Give the builds that may start now, in the order of the document."""
        if state.stop is not None or (self.plan.fast_fail and self.failed(state)):
            return ()
        done = {name for name in state.nodes if self.good(state, name)}
        free = self._nodes if self._graph is None else self._graph.ready(done)
        return tuple(
            RunBuild(key=f"build/{name}", identifier=name)
            for name in free
            if name not in state.nodes
        )

    def failed(self, state: BatchState) -> tuple[str, ...]:
        """Give the builds that have ended and make the batch fail."""
        return tuple(
            name
            for name, record in state.nodes.items()
            if record.ended is not None and not self.good(state, name)
        )

    # ── Deciding ──────────────────────────────────────────────────────────────────────────────

    def _deadline(self, state: BatchState) -> datetime:
        return state.phases[0].started + self.plan.timeout

    def _ending(self, state: BatchState, now: datetime) -> str | None:
        """Say why all that runs is to stop, if it is."""
        if state.stop is not None:
            return state.stop
        if now >= self._deadline(state):
            return "TIMED_OUT"
        if self.plan.fast_fail and self.failed(state):
            return "STOPPED"
        return None

    def _unfinished(self, state: BatchState, now: datetime) -> StatusType:
        """Give the status of a phase that ended before all was done."""
        if state.stop is not None:
            return StatusType.STOPPED
        return StatusType.TIMED_OUT if now >= self._deadline(state) else StatusType.FAILED

    def _combine(self, state: BatchState) -> CombineArtifacts:
        records = (state.nodes.get(name) for name in self._nodes)
        return CombineArtifacts(
            digests=tuple(r.primary for r in records if r is not None and r.primary)
        )

    # ── Folding ───────────────────────────────────────────────────────────────────────────────

    def _submitted(self, state: BatchState, at: datetime) -> BatchState:
        # The buildspec was read before there was a batch, so the first two phases take no time.
        state = close(enter(state, BatchPhaseType.SUBMITTED, at), at, StatusType.SUCCEEDED)
        state = enter(state, BatchPhaseType.DOWNLOAD_BATCHSPEC, at)
        refused = self.plan.refused
        if refused is not None:
            return close(state, at, StatusType.FAILED, refused.code, refused.message)
        state = enter(close(state, at, StatusType.SUCCEEDED), BatchPhaseType.IN_PROGRESS, at)
        carried = {
            node.identifier: NodeRecord(
                status=StatusType(node.carried.status),
                started=node.carried.requested,
                ended=node.carried.ended or at,
                primary=dict(node.carried.artifacts).get("", ""),
            )
            for node in self.plan.nodes
            if node.carried is not None
        }
        return replace(state, nodes=MappingProxyType(carried))

    def _started(self, state: BatchState, event: Event) -> BatchState:
        command = decode(BatchCommand, event.data["command"])
        state = replace(state, running=(*state.running, command))
        if isinstance(command, RunBuild):
            return with_node(state, command.identifier, NodeRecord(started=event.at))
        return state

    def _finished(self, state: BatchState, event: Event) -> BatchState:
        command = next(c for c in state.running if c.key == event.key)
        outcome = decode(Outcome, event.data["outcome"])
        state = replace(state, running=tuple(c for c in state.running if c != command))
        if isinstance(command, RunBuild):
            record = ended(state.nodes[command.identifier], outcome, event.at)
            return with_node(state, command.identifier, record)
        if outcome.status is OutcomeStatus.DONE:
            return close(replace(state, combined=outcome.detail), event.at, StatusType.SUCCEEDED)
        if outcome.status is OutcomeStatus.CANCELLED:
            return close(state, event.at, self._unfinished(state, event.at))
        status = StatusType.FAILED if outcome.status is OutcomeStatus.FAILED else StatusType.FAULT
        message = str(outcome.detail.get("message", ""))
        return close(state, event.at, status, "COMBINE_ARTIFACTS_ERROR", message)

    def _advance(self, state: BatchState, at: datetime) -> BatchState:
        """End IN_PROGRESS once nothing of it runs and nothing can start."""
        current = state.open
        if current is None or current.phase is not BatchPhaseType.IN_PROGRESS:
            return state
        if state.running or self.ready(state):
            return state
        if not all(self.good(state, name) for name in self._nodes):
            status = self._unfinished(state, at)
            if status is not StatusType.FAILED:
                return close(state, at, status)
            bad = ", ".join(self.failed(state))
            message = f"Builds that did not succeed: {bad}"
            return close(state, at, status, "CLIENT_ERROR", message)
        state = close(state, at, StatusType.SUCCEEDED)
        if self.plan.combine_artifacts:
            return enter(state, BatchPhaseType.COMBINE_ARTIFACTS, at)
        return state


def _concluded(state: BatchState, event: Event) -> BatchState:
    status = decode(StatusType, event.data["status"])
    if state.open is not None:
        state = close(state, event.at, status)
    state = enter(state, _END.get(status, BatchPhaseType.FAILED), event.at)
    state = close(state, event.at, StatusType.SUCCEEDED)
    return replace(state, status=status)
