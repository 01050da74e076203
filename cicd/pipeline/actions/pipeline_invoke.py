"""
Invoke/AWS/CodePipeline: another pipeline of this machine is started.

Local rule: it is followed to its end, as nobody else would drive it, and how it ends is how the
action ends.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.pipeline.actions.codebuild import ConfigurationInvalid
from cicd.pipeline.actions.provider import find_child
from cicd.pipeline.compile import Start
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    PipelineStatus,
    failed,
)
from cicd.ports import CancelToken

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.execution import ExecutionResult
    from cicd.ports import Services


class PipelineInvocation:
    """Starts the pipeline ``PipelineName`` of this repository, and follows it to its end."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Start an execution with the variables and revisions that are given."""
        from cicd.document.resources import Resources
        from cicd.pipeline.run import ExecutionRequest, plan_execution, start_execution

        name = request.configuration["PipelineName"]
        around = _around(request, services)
        if name in around:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"the pipeline '{name}' would start itself: {' > '.join((*around, name))}",
            )
        try:
            variables = _pairs(request, "Variables", "name", "value")
            revisions = _pairs(request, "SourceRevisions", "actionName", "revisionValue")
        except ConfigurationInvalid as reason:
            return failed(FailureType.CONFIGURATION_ERROR, str(reason))
        plan, root = request.plan, Path(request.plan.root)
        asked = ExecutionRequest(
            definition=name,
            directory=root,
            start=Start(
                variables=variables,
                revisions=revisions,
                working_tree=plan.working_tree,
                approve=plan.approve,
                builds=plan.builds,
                triggered_by=f"codepipeline/{plan.name}",
            ),
        )
        other = plan_execution(asked, services, Resources.load(root)).plan
        request.say(f"{request.action.name}: {name} is started: {other.execution_id}")
        stream = f"pipeline/{other.execution_id}"
        ours = _inside(stream, services, scope)
        return _result(name, start_execution(other, ours, parent=request.parent))

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Take up the execution that was begun; it may have ended since. None: begin it."""
        from cicd.pipeline.run import resume_execution

        child = find_child(request, services, "pipeline")
        if child is None:
            return None
        ours = _inside(child.stream, services, scope)
        return _result(child.name, resume_execution(child.stream, ours))


def _inside(stream: str, services: Services, scope: Scope) -> Services:
    """Give services whose token the child alone listens to: who abandons us, abandons it."""
    from cicd.pipeline.run import stop_execution

    own = CancelToken()

    def end() -> None:
        if scope.cancel.reason == "KILLED":
            own.cancel("KILLED")
            return
        with suppress(UsageError):  # it is over, or not begun
            stop_execution(stream, services, abandon=True)

    scope.cancel.on_cancel(end)
    return replace(services, cancel=own)


def _around(request: ActionRequest, services: Services) -> tuple[str, ...]:
    """Name the pipelines that this one was started by, the outermost first, and itself."""
    names = [request.plan.name]
    record = services.executions.find("pipeline", request.plan.execution_id)
    while record is not None and (record.parent or "").startswith("pipeline/"):
        above = (record.parent or "").split("/")[1]
        record = services.executions.find("pipeline", above)
        names += [record.name] if record is not None else []
    return tuple(reversed(names))


def _pairs(request: ActionRequest, key: str, name: str, value: str) -> dict[str, str]:
    """Read JSON text: an array of objects; raises ``ConfigurationInvalid`` for anything else."""
    text = request.configuration.get(key)
    if not text:
        return {}
    wrong = f'{key} is not a JSON array of {{"{name}": …, "{value}": …}}'
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationInvalid(wrong) from None
    if not isinstance(found, list):
        raise ConfigurationInvalid(wrong)
    pairs = {}
    for item in found:
        if not isinstance(item, dict) or not {name, value} <= item.keys():
            raise ConfigurationInvalid(wrong)
        pairs[str(item[name])] = str(item[value])
    return pairs


def _result(name: str, other: ExecutionResult) -> ActionResult:
    if other.status == PipelineStatus.SUCCEEDED:
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=f"the pipeline {name} Succeeded",
            external_execution_id=other.execution_id,
        )
    why = f": {other.failure.error.message}" if other.failure is not None else ""
    return failed(
        FailureType.JOB_FAILED,
        f"the pipeline {name} {other.status}{why}",
        hint=f"cicd pipeline status {other.execution_id[:8]}",
        external_id=other.execution_id,
    )


CODE_PIPELINE = PipelineInvocation()
