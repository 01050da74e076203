"""An execution that is to be: entered into the index, and its plan written as its first event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.engine.codec import encode
from cicd.event import Event, EventKind
from cicd.pipeline.result import PipelineStatus

if TYPE_CHECKING:
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services


def submit_execution(plan: PipelinePlan, services: Services, *, parent: str | None = None) -> str:
    """Submit, and give the stream; what was submitted before is so once."""
    stream = f"pipeline/{plan.execution_id}"
    if services.log.read(stream):
        return stream
    now = services.clock.now()
    submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
    with services.executions.submission(
        stream,
        kind="pipeline",
        name=plan.name,
        status=PipelineStatus.IN_PROGRESS.value,
        parent=parent,
        at=now,
    ):
        services.log.append(stream, (submitted,), expected=0)
    return stream
