"""
Batches from the outside: plan, run, resume, stop and look at one, and try one again.

``run_batch`` takes its token from ``services.cancel``, and runs ``services.jobs`` builds at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from cicd.build.batch.compile import check_batch
from cicd.build.batch.describe import describe, why_not
from cicd.build.batch.effects import BatchEffects
from cicd.build.batch.plan import BatchPlan
from cicd.build.batch.process import BatchProcess
from cicd.build.batch.retry import RetryType, plan_retry
from cicd.build.batch.shape import batch_as_api
from cicd.build.fold import fold_stream
from cicd.build.reports.history import summaries_of
from cicd.build.reports.of_builds import reports_of_builds
from cicd.build.reports.summary import compared
from cicd.build.state import StatusType
from cicd.engine.codec import encode
from cicd.engine.loop import drive
from cicd.engine.signals import send
from cicd.errors import Conflict
from cicd.event import JSON, Event, EventKind
from cicd.ports import Artifact
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.build.batch.plan import BatchNode
    from cicd.build.batch.state import BatchState, NodeRecord
    from cicd.ports import Services

__all__ = [
    "BatchResult",
    "NodeResult",
    "RetryType",
    "batch_result",
    "check_batch",
    "resume_batch",
    "retry_plan",
    "run_batch",
    "stop_batch",
]

KIND = "build-batch"
LOOKED_AT = 20  # batches, for the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """What became of one build of a batch."""

    identifier: str
    build_id: str
    depends_on: tuple[str, ...]
    status: str  # StatusType; "" : not started
    started: datetime | None
    ended: datetime | None
    message: str  # what failed, or why it was not started
    hint: str

    @property
    def stream(self) -> str:
        """Where its events and its log are."""
        return f"build/{self.build_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of a batch."""

    batch_id: str  # "app:0f3c…"
    stream: str  # "build-batch/app:0f3c…"
    status: str  # SUCCEEDED, FAILED, FAULT, TIMED_OUT, STOPPED, IN_PROGRESS
    nodes: tuple[NodeResult, ...]
    # The combined one by its output ("" outside a pipeline), else each build's: by identifier
    # for primary ones, "<identifier>_<artifactIdentifier>" for secondary ones.
    artifacts: Mapping[str, Artifact]
    reports: tuple[Mapping[str, JSON], ...]  # once it is over; of a fan-out one for all shards
    message: str  # why it did not succeed
    batch: Mapping[str, JSON]  # the element of BatchGetBuildBatches


def run_batch(plan: BatchPlan, services: Services, *, parent: str | None = None) -> BatchResult:
    """
    Submit what ``check_batch`` planned and drive it to its end.

    Raises ``Unavailable`` when the runner cannot work now; nothing was submitted then.
    """
    if plan.refused is None:
        for runner in sorted({node.build.runner for node in plan.nodes}):
            services.runner(runner).check()
    stream = f"{KIND}/{plan.batch_id}"
    now = services.clock.now()
    with services.executions.submission(
        stream,
        kind=KIND,
        name=plan.project,
        status=StatusType.IN_PROGRESS,
        parent=parent,
        at=now,
    ) as record:
        plan = replace(plan, number=record.number)
        submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
        services.log.append(stream, (submitted,), expected=0)
    return _drive(stream, plan, services, told=0)


def resume_batch(stream: str, services: Services) -> BatchResult:
    """
    Drive an unfinished batch on, with the builds that were begun; none is run twice.

    Gives the result of a finished one. Raises ``Conflict`` while another driver lives.
    """
    plan, state = _fold(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        services.executions.update(stream, state.status, state.phases[-1].started)
        return batch_result(stream, services)
    return _drive(stream, plan, services, told=len(services.log.read(stream)))


def stop_batch(stream: str, services: Services) -> BatchResult:
    """
    Ask a batch to stop with all its builds, and carry that out here if nobody drives it.

    A finished batch is left as it is; one that another process drives may still be IN_PROGRESS.
    Source: API Reference, "StopBuildBatch".
    """
    _, state = _fold(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        return batch_result(stream, services)
    send(services.log, services.clock, stream, "stop", reason="STOPPED")
    try:
        return resume_batch(stream, services)
    except Conflict:  # its driver will see the signal
        return batch_result(stream, services)


def retry_plan(stream: str, services: Services, retry_type: RetryType) -> BatchPlan:
    """
    Plan a batch that did not succeed again, or only its builds that did not; see ``run_batch``.

    The log of an execution ends once, so it is a batch of its own, with a fresh id.
    Raises ``UsageError`` for a batch that is running or has succeeded.
    Source: API Reference, "RetryBuildBatch".
    """
    plan, state = _fold(stream, services)
    return plan_retry(plan, state, retry_type, new_id=services.new_id, now=services.clock.now())


def batch_result(stream: str, services: Services) -> BatchResult:
    """Say what is known of a batch, running or not; raises UsageError for an unknown one."""
    plan, state = _fold(stream, services)
    process = BatchProcess(plan)
    failed = next((phase for phase in state.phases if phase.code), None)
    reports = _reports(stream, plan, state, services)
    return BatchResult(
        batch_id=plan.batch_id,
        stream=stream,
        status=state.status.value,
        nodes=tuple(_node(plan, state, process, node.identifier) for node in plan.nodes),
        artifacts=_artifacts(plan, state, services),
        reports=reports,
        message=f"{failed.code}: {failed.message}" if failed is not None else "",
        batch=batch_as_api(plan, state, report_arns=[str(each["arn"]) for each in reports]),
    )


def _node(
    plan: BatchPlan, state: BatchState, process: BatchProcess, identifier: str
) -> NodeResult:
    node, record = plan.node(identifier), state.nodes.get(identifier)
    over = state.status is not StatusType.IN_PROGRESS
    return NodeResult(
        identifier=identifier,
        build_id=_build_id(node, record),
        depends_on=node.depends_on,
        status=record.status.value if record is not None else "",
        started=record.started if record is not None else None,
        ended=record.ended if record is not None else None,
        message=record.message
        if record is not None
        else why_not(process, state, identifier).lstrip(": ")
        if over
        else "",
        hint=record.hint if record is not None else "",
    )


def _build_id(node: BatchNode, record: NodeRecord | None) -> str:
    if node.carried is not None:
        return node.carried.build_id
    return (record.build_id if record is not None else "") or node.build.build_id


def _reports(
    stream: str, plan: BatchPlan, state: BatchState, services: Services
) -> tuple[Mapping[str, JSON], ...]:
    """
    Give the summaries of a batch's reports: of a fan-out merged, of others each build's own.

    Merged ones are compared with those of the fan-out before.
    Source: user guide, "Batch builds", test reports of a fan-out.
    """
    if state.status is StatusType.IN_PROGRESS:
        return ()
    if not _is_fan_out(plan):
        made = (summaries_of(services, each) for each in _begun(plan, state))
        return tuple(summary for of_build in made for summary in of_build)
    now = reports_of_builds(stream, _begun(plan, state), services, shards=True)
    before = {str(each["name"]): each for each in _reports_before(plan, services)}
    return tuple(
        compared(each.summary, before[name]) if name in before else each.summary
        for each in now
        for name in (str(each.summary["name"]),)
    )


def _reports_before(plan: BatchPlan, services: Services) -> tuple[Mapping[str, JSON], ...]:
    """Give the summaries of the newest fan-out of the project before this one."""
    for record in services.executions.list(kind=KIND, name=plan.project, limit=LOOKED_AT):
        if record.number >= plan.number or record.status == StatusType.IN_PROGRESS:
            continue
        earlier, state = _fold(record.stream, services)
        if _is_fan_out(earlier):
            found = reports_of_builds(record.stream, _begun(earlier, state), services, shards=True)
            return tuple(each.summary for each in found)
    return ()


def _is_fan_out(plan: BatchPlan) -> bool:
    return bool(plan.nodes) and all(node.build.shards for node in plan.nodes)


def _begun(plan: BatchPlan, state: BatchState) -> list[str]:
    return [
        f"build/{_build_id(node, state.nodes[node.identifier])}"
        for node in plan.nodes
        if node.identifier in state.nodes
    ]


def _artifacts(plan: BatchPlan, state: BatchState, services: Services) -> dict[str, Artifact]:
    wanted: dict[str, str] = {}
    if plan.combine_artifacts:
        wanted[plan.combined_output] = str(state.combined.get("digest", ""))
    for node in plan.nodes if not plan.combine_artifacts else ():
        record = state.nodes.get(node.identifier)
        made = record.detail.get("artifacts") if record is not None else None
        kept = dict(node.carried.artifacts) if node.carried is not None else made
        if isinstance(kept, Mapping):
            for name, digest in kept.items():
                output = f"{node.identifier}_{name}" if name else node.identifier
                wanted[output] = str(digest)
    found = {output: services.artifacts.find(digest) for output, digest in wanted.items()}
    return {output: artifact for output, artifact in found.items() if artifact is not None}


# ── Driving ───────────────────────────────────────────────────────────────────────────────────


def _drive(stream: str, plan: BatchPlan, services: Services, *, told: int) -> BatchResult:
    """Drive, and tell reporters of every event after the first ``told``."""
    with services.executions.drive(stream):
        status = drive(
            BatchProcess(plan),
            BatchEffects(plan, services),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=services.cancel,
            jobs=services.jobs,
            on_event=_follower(stream, plan, services, told),
        )
        services.executions.update(stream, status, services.clock.now())
    return batch_result(stream, services)


def _follower(
    stream: str, plan: BatchPlan, services: Services, told: int
) -> Callable[[Event], None]:
    process = BatchProcess(plan)
    state, count = process.initial(), 0

    def follow(event: Event) -> None:
        nonlocal state, count
        before, state, count = state, process.apply(state, event), count + 1
        if count <= told:
            return
        for said in describe(process, before, event, state):
            for reporter in services.reporters:
                reporter.event(stream, event, said)

    return follow


def _fold(stream: str, services: Services) -> tuple[BatchPlan, BatchState]:
    plan, state, _ = fold_stream(
        stream, services, plan=BatchPlan, process=BatchProcess, noun="batch", group="batches"
    )
    return plan, state
