"""An event of a batch → people's words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.batch.state import BatchPhaseType
from cicd.build.state import StatusType
from cicd.event import EventKind
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.batch.plan import BatchPlan
    from cicd.build.batch.process import BatchProcess
    from cicd.build.batch.state import BatchState
    from cicd.event import Event

LEVELS = {
    StatusType.SUCCEEDED: Level.SUCCESS,
    StatusType.STOPPED: Level.WARNING,
}


def describe(
    process: BatchProcess, before: BatchState, event: Event, after: BatchState
) -> tuple[Described, ...]:
    """Give what people are told of an event, in order; empty where there is nothing to say."""
    plan = process.plan
    match event.kind:
        case EventKind.SUBMITTED:
            said = [Described(text=_submitted(plan))]
        case EventKind.SIGNALLED if event.data.get("signal") == "stop":
            said = [Described(text=f"Stopping batch {plan.batch_id}", level=Level.WARNING)]
        case EventKind.CONCLUDED:
            seconds = (event.at - after.phases[0].started).total_seconds()
            said = [
                *_left_out(process, after),
                Described(
                    text=f"Batch {plan.batch_id}: {after.status} in {seconds:.1f} s",
                    level=LEVELS.get(after.status, Level.FAILURE),
                ),
            ]
        case _:
            said = list(_builds(plan, before, after))
    said += _phases(before, after)
    return tuple(said) or (Described(text=""),)


def _submitted(plan: BatchPlan) -> str:
    again = f", {plan.retry_of} again" if plan.retry_of else ""
    kind = f"{plan.kind} of " if plan.kind else ""
    return f"Batch {plan.batch_id}, number {plan.number}: {kind}{len(plan.nodes)} builds{again}"


def _builds(plan: BatchPlan, before: BatchState, after: BatchState) -> Iterator[Described]:
    for name, record in after.nodes.items():
        if name not in before.nodes:
            yield Described(text=f"{name}: build {plan.node(name).build.build_id}")
        elif record.ended is not None and before.nodes[name].ended is None:
            seconds = (record.ended - record.started).total_seconds()
            good = record.status is StatusType.SUCCEEDED
            text = f"{name}: {record.status} in {seconds:.1f} s"
            if not good and plan.node(name).ignore_failure:
                text += ", which is ignored"
            if record.message:
                text += f"\n{record.message}"
            yield Described(text=text, level=LEVELS.get(record.status, Level.FAILURE))


def _left_out(process: BatchProcess, state: BatchState) -> Iterator[Described]:
    for node in process.plan.nodes:
        if node.identifier not in state.nodes:
            text = f"{node.identifier}: not started{why_not(process, state, node.identifier)}"
            yield Described(text=text, level=Level.WARNING)


def why_not(process: BatchProcess, state: BatchState, identifier: str) -> str:
    """Say after "not started" why a build of a batch was never run, or "" where it is plain."""
    blockers = process.blockers(state, process.plan.node(identifier))
    return f": it depends on {', '.join(blockers)}" if blockers else ""


def _phases(before: BatchState, after: BatchState) -> Iterator[Described]:
    known = {phase.phase for phase in before.phases if phase.ended is not None}
    for phase in after.phases:
        if phase.ended is None or phase.phase in known or phase.phase is BatchPhaseType.SUBMITTED:
            continue
        if phase.phase in {
            BatchPhaseType.SUCCEEDED,
            BatchPhaseType.FAILED,
            BatchPhaseType.STOPPED,
        }:
            continue
        good = phase.status is StatusType.SUCCEEDED
        text = f"Phase complete: {phase.phase} State: {phase.status}"
        if phase.code:
            text += f"\n{phase.code}: {phase.message}"
        level = Level.DETAIL if good else LEVELS.get(phase.status, Level.FAILURE)
        yield Described(text=text, level=level)
