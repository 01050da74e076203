"""Invoke/AWS/StepFunctions: a state machine is started here, and followed to its end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import DocumentError, UsageError
from cicd.functions.code import keep_text
from cicd.pipeline.actions.input_file import read_input
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    misconfigured,
    object_key,
)

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.event import JSON
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services
    from cicd.states.run import ExecutionEnd

_OUTPUT = "output.json"
"""The file in the output artifact; the service's documents name none."""


class StateMachineAction:
    """
    Starts an execution; a standard one succeeds as it does, an express one in any case.

    Source: CodePipeline User Guide, "AWS Step Functions invoke action reference".
    Local rule: an express one is followed to its end too, as nothing else would carry it there.
    """

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Start it, and follow it; one that a dead driver had begun is taken up."""
        try:
            return self._followed(request, services, scope)
        except (UsageError, DocumentError) as refused:
            return misconfigured(refused)

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Nothing of it is done again: ``run`` takes up what was begun."""

    def _followed(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        from cicd.pipeline.jobs.template_function import follow_template
        from cicd.pipeline.resources_of import resources_of
        from cicd.pipeline.stacks.state_machine_kind import made_machine
        from cicd.pipeline.state_machines import find_state_machine
        from cicd.states.process import ExecutionPlan
        from cicd.states.run import check, start_states

        arn = request.configuration["StateMachineArn"]
        machine = find_state_machine(
            arn, resources_of(request.plan), made=lambda name: made_machine(name, services)
        )
        check(machine.definition)
        prefix = request.configuration.get("ExecutionNamePrefix", "")
        own = request.action.action_execution_id
        name = f"{prefix}-{own}" if prefix else own
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
        plan = ExecutionPlan(
            name=name,
            machine=machine.name,
            definition=json.dumps(machine.definition.plain()),
            origin=machine.definition.span.source.name,
            input=_input(request, services),
            execution_arn=execution,
            machine_arn=arn,
        )
        end = start_states(
            plan,
            replace(services, cancel=scope.cancel),
            request.say,
            lambda function: follow_template(function, request.plan, services),
            parent=request.parent,
        )
        variables = {"StateMachineArn": arn, "ExecutionArn": execution}
        if end.status != "SUCCEEDED" and not machine.express:
            why = ": ".join(filter(None, (end.error, end.cause)))
            return failed(
                FailureType.JOB_FAILED,
                f"the execution {name} of {machine.name} is {end.status}"
                + (f": {why}" if why else ""),
                external_id=execution,
            )
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=f"{machine.name} {end.status}",
            external_execution_id=execution,
            outputs=() if machine.express else _outputs(request, end, services),
            variables={} if machine.express else variables,
        )


def _input(request: ActionRequest, services: Services) -> JSON:
    """Give the input of the execution: as it is written, or a file of the input artifact."""
    given = request.configuration
    written = given.get("Input") or "{}"
    what = "'Input'"
    if given.get("InputType", "Literal") == "FilePath":
        artifact = request.action.inputs[0] if request.action.inputs else ""
        text = read_input(request, services, artifact, written)
        if text is None:
            raise UsageError(
                f"there is no file '{written}' in the input artifact",
                hint="'Input' is a path in the artifact where 'InputType' is FilePath",
            )
        written, what = text, f"'{written}'"
    try:
        read: JSON = json.loads(written)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{what} is no JSON: {problem}") from None
    return read


def _outputs(
    request: ActionRequest, end: ExecutionEnd, services: Services
) -> tuple[StoredArtifact, ...]:
    made = []
    for name in request.action.outputs:
        kept = keep_text(_OUTPUT, json.dumps(end.output), services.artifacts)
        key = object_key(request.plan.name, name, kept.digest)
        made.append(StoredArtifact(name=name, digest=kept.digest, key=key))
    return tuple(made)


STEP_FUNCTIONS = StateMachineAction()
