"""What CodePipeline's calls name: a pipeline, a stage, an action, an execution."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.backends.endpoint.call import CallRefused, Served, text
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.spec import PipelineDeclaration


def find_plan(served: Served, name: str) -> PipelinePlan:
    """Give what a pipeline is: as it was run last, else as it is described."""
    from cicd.pipeline.known import plan_of

    found = plan_of(name, served.directory, served.services)
    if found is None:
        raise _no_pipeline(name)
    return found


def find_described(served: Served, name: str) -> tuple[PipelineDeclaration, Path]:
    """Give a pipeline as it is described today, and where: here, or where it was run last."""
    from cicd.pipeline.known import check_described, described, newest_plan

    plan = newest_plan(name, served.services)
    for directory in (served.directory, *((Path(plan.root),) if plan is not None else ())):
        found = described(directory).get(name)
        if found is not None:
            return found, directory
    with suppress(UsageError):
        check_described(name, served.directory)
    raise _no_pipeline(name)


def find_stream(served: Served, fields: Mapping[str, JSON]) -> str:
    """Give the stream of the pipeline's execution that a call names."""
    wanted = text(fields, "pipelineExecutionId")
    return stream_of(served, find_plan(served, text(fields, "pipelineName")).name, wanted)


def stream_of(served: Served, pipeline: str, execution_id: str) -> str:
    """Give the stream of a pipeline's execution."""
    for record in served.services.executions.list(kind="pipeline", name=pipeline):
        if record.stream == f"pipeline/{execution_id}":
            return record.stream
    raise CallRefused(
        "PipelineExecutionNotFoundException",
        f"the pipeline '{pipeline}' has no execution '{execution_id}'",
    )


def check_action(plan: PipelinePlan, stage: str, action: str) -> None:
    """Refuse a stage that the pipeline has not, and an action that the stage has not."""
    from cicd.pipeline.stages import find_stage

    if action not in [each.name for each in find_stage(plan, stage).actions()]:
        raise CallRefused(
            "ActionNotFoundException", f"the stage '{stage}' of '{plan.name}' has no '{action}'"
        )


def _no_pipeline(name: str) -> CallRefused:
    return CallRefused(
        "PipelineNotFoundException",
        f"no pipeline with name '{name}' is described here, and none was run",
    )
