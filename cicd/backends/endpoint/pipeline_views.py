"""CodePipeline's calls that only look: at pipelines, their state, their executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text
from cicd.backends.endpoint.pages import page
from cicd.backends.endpoint.pipeline_found import (
    find_described,
    find_plan,
    find_stream,
    stream_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON

_PIPELINES: Final = 1000  # a page of ListPipelines
_LATEST: Final = "latestInPipelineExecution"


def _list_pipelines(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.known import pipelines

    found = pipelines(served.directory, served.services)
    return page(
        found, fields, under="pipelines", key=lambda each: str(each["name"]), most=_PIPELINES
    )


def _get_pipeline(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.account import ACCOUNT, REGION
    from cicd.pipeline.declared import declared

    spec, _ = find_described(served, text(fields, "name"))
    version = fields.get("version")
    if version not in (None, spec.version):
        raise CallRefused(
            "PipelineVersionNotFoundException",
            f"only the version {spec.version} of '{spec.name}' is written here, not {version}",
        )
    return {
        "pipeline": declared(spec),
        "metadata": {"pipelineArn": f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{spec.name}"},
    }


def _get_pipeline_state(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.pipeline_state import pipeline_state

    return pipeline_state(find_plan(served, text(fields, "name")), served.services)


def _get_pipeline_execution(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.execution import execution_result

    found = execution_result(find_stream(served, fields), served.services)
    return {"pipelineExecution": found.execution["pipelineExecution"]}


def _list_pipeline_executions(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.stages import find_stage

    plan = find_plan(served, text(fields, "pipelineName"))
    within = _mapping(_mapping(fields, "filter"), "succeededInStage")
    stage = text(within, "stageName") if within else None
    if stage is not None:
        find_stage(plan, stage)
    return page(
        _summaries(served, plan.name, stage),
        fields,
        under="pipelineExecutionSummaries",
        key=lambda each: str(each["pipelineExecutionId"]),
    )


def _summaries(served: Served, name: str, stage: str | None) -> Iterator[dict[str, JSON]]:
    from cicd.pipeline.execution import execution_state
    from cicd.pipeline.shapes import execution_summary, succeeded_in

    for record in served.services.executions.list(kind="pipeline", name=name):
        state = execution_state(record.stream, served.services)
        if stage is None or succeeded_in(state, stage):
            yield execution_summary(state)


def _list_action_executions(served: Served, fields: Mapping[str, JSON]) -> JSON:
    return _details(served, fields, "actionExecutionDetails", ("actionName", "actionExecutionId"))


def _list_rule_executions(served: Served, fields: Mapping[str, JSON]) -> JSON:
    return _details(served, fields, "ruleExecutionDetails", ("ruleName", "ruleExecutionId"))


def _details(
    served: Served, fields: Mapping[str, JSON], under: str, names: tuple[str, str]
) -> JSON:
    """
    Give the details of a pipeline's executions, newest first.

    Source: CodePipeline API Reference, "ActionExecutionFilter", "LatestInPipelineExecutionFilter".
    """
    name, identity = names
    pipeline = find_plan(served, text(fields, "pipelineName")).name
    wanted = _mapping(fields, "filter")
    latest = _mapping(wanted, _LATEST)
    if latest and text(latest, "startTimeRange") not in {"Latest", "All"}:
        raise CallRefused("ValidationException", "'startTimeRange' must be Latest or All")
    chosen = latest or wanted
    if "pipelineExecutionId" in chosen:
        streams = [stream_of(served, pipeline, text(chosen, "pipelineExecutionId"))]
    else:
        listed = served.services.executions.list(kind="pipeline", name=pipeline)
        streams = [record.stream for record in listed]

    def found() -> Iterator[dict[str, JSON]]:
        from cicd.pipeline.execution import execution_result

        for stream in streams:
            seen: set[tuple[JSON, JSON]] = set()
            details = execution_result(stream, served.services).execution.get(under, [])
            for each in details if isinstance(details, list) else ():
                assert isinstance(each, dict), "of a list of shapes"
                place = (each["stageName"], each[name])
                if latest.get("startTimeRange") != "Latest" or place not in seen:
                    yield each
                seen.add(place)

    return page(found(), fields, under=under, key=lambda each: str(each[identity]))


def _none_of(under: str) -> Callable[[Served, Mapping[str, JSON]], JSON]:
    def operation(served: Served, fields: Mapping[str, JSON]) -> JSON:
        del served, fields
        return {under: []}

    return operation


def _mapping(fields: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    value = fields.get(name) or {}
    if not isinstance(value, dict):
        raise CallRefused("SerializationException", f"'{name}' must be an object")
    return value


PIPELINE_VIEWS: Final[Mapping[str, Operation]] = {
    "ListPipelines": _list_pipelines,
    "GetPipeline": _get_pipeline,
    "GetPipelineState": _get_pipeline_state,
    "GetPipelineExecution": _get_pipeline_execution,
    "ListPipelineExecutions": _list_pipeline_executions,
    "ListActionExecutions": _list_action_executions,
    "ListRuleExecutions": _list_rule_executions,
    "ListWebhooks": _none_of("webhooks"),  # none can be made here
}
