"""A batch that did not succeed → the plan of the one that tries it again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.build.batch.plan import BuildSummary
from cicd.build.state import StatusType
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cicd.build.batch.plan import BatchNode, BatchPlan
    from cicd.build.batch.state import BatchState


class RetryType(StrEnum):
    """What is run again. Source: API Reference, "RetryBuildBatch"."""

    RETRY_ALL_BUILDS = "RETRY_ALL_BUILDS"
    RETRY_FAILED_BUILDS = "RETRY_FAILED_BUILDS"


def plan_retry(
    plan: BatchPlan,
    state: BatchState,
    retry_type: RetryType,
    *,
    new_id: Callable[[], str],
    now: datetime,
) -> BatchPlan:
    """
    Plan the same builds again; with RETRY_FAILED_BUILDS those that succeeded are carried over.

    Raises ``UsageError`` for a batch that is running or has succeeded.
    """
    if state.status is StatusType.IN_PROGRESS:
        raise UsageError(
            f"the batch {plan.batch_id} is running",
            hint="cicd batches resume goes on with one whose cicd died",
        )
    if state.status is StatusType.SUCCEEDED:
        raise UsageError(
            f"the batch {plan.batch_id} has succeeded",
            hint="only a batch that did not can be tried again",
        )
    batch_id = f"{plan.project}:{new_id()}"
    return replace(
        plan,
        batch_id=batch_id,
        number=0,
        created=now,
        retry_of=plan.batch_id,
        nodes=tuple(
            _again(node, state, retry_type, batch_id=batch_id, build_uuid=new_id(), now=now)
            for node in plan.nodes
        ),
    )


def _again(
    node: BatchNode,
    state: BatchState,
    retry_type: RetryType,
    *,
    batch_id: str,
    build_uuid: str,
    now: datetime,
) -> BatchNode:
    last = node.carried or _summary(node, state)
    if (
        last is not None
        and last.status == StatusType.SUCCEEDED
        and retry_type is RetryType.RETRY_FAILED_BUILDS
    ):
        return replace(node, carried=last)
    build = replace(
        node.build,
        build_id=f"{node.build.project}:{build_uuid}",
        batch_id=batch_id,
        created=now,
        number=0,
    )
    prior = node.prior if last is None else (last, *node.prior)
    return replace(node, build=build, carried=None, prior=prior)


def _summary(node: BatchNode, state: BatchState) -> BuildSummary | None:
    record = state.nodes.get(node.identifier)
    if record is None:
        return None
    made = record.detail.get("artifacts")
    return BuildSummary(
        build_id=record.build_id or node.build.build_id,
        status=record.status.value,
        requested=record.started,
        ended=record.ended,
        artifacts=tuple((name, str(digest)) for name, digest in made.items())
        if isinstance(made, Mapping)
        else (),
    )
