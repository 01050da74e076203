"""Deploy/AWS/CloudFormation: a stack of this machine, made out of a template."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.account import ACCOUNT
from cicd.errors import DocumentError
from cicd.pipeline.actions.stack_parameters import ParametersInvalid
from cicd.pipeline.actions.stack_wanted import wanted_stack
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.pipeline.stacks.carry_out import StackWork, made_of
from cicd.pipeline.stacks.changes import changes
from cicd.pipeline.stacks.desired import TemplateInvalid
from cicd.pipeline.stacks.kinds import replacing
from cicd.pipeline.stacks.stack import FAILED, ChangeSet, StackStatus, fingerprint
from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.stacks.stack import Desired, Stack
    from cicd.ports import Services

_NEEDS_SET: Final = ("CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE")
_MODES: Final = ("CREATE_UPDATE", "DELETE_ONLY", "REPLACE_ON_FAILURE", *_NEEDS_SET)


class CloudFormationAction:
    """
    Makes, changes and removes stacks whose resources exist here; refuses the others.

    With ``local: {simulate: true}`` on the action, or ``local.simulatedStacks`` of ``cicd.yml``,
    the others exist in words only, and every word about them says so.
    """

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Do what ``ActionMode`` says."""
        del scope  # a stack is never left half-way by choice
        configuration = request.configuration
        mode, name = configuration["ActionMode"], configuration["StackName"]
        if mode not in _MODES:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"'{mode}' is not an ActionMode",
                hint=f"write {', '.join(_MODES)}",
            )
        if mode in _NEEDS_SET and not configuration.get("ChangeSetName"):
            return failed(FailureType.CONFIGURATION_ERROR, f"{mode} needs a ChangeSetName")
        work = StackWork(name, request.parent, services, request.say)
        if mode == "DELETE_ONLY":
            return _deleted(request, work)
        if mode == "CHANGE_SET_EXECUTE":
            return _executed(request, work, services)
        try:
            desired = wanted_stack(request, work.stack, services)
        except (ParametersInvalid, TemplateInvalid) as reason:
            return failed(
                FailureType.CONFIGURATION_ERROR, f"{name}: {reason}", hint=_hint(name, reason)
            )
        except DocumentError as problems:
            first = problems.problems[0]
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"{name}: {first.message}",
                hint=first.hint or "",
                where=str(first.span),
            )
        if mode == "CHANGE_SET_REPLACE":
            return _proposed(request, work, desired)
        if work.stack.status in FAILED:
            if mode == "CREATE_UPDATE":
                return failed(
                    FailureType.JOB_FAILED,
                    f"Stack [{name}] is in {work.stack.status} state and can not be updated."
                    f"{work.stack.reason and f' ({work.stack.reason})'}",
                    hint="the mode REPLACE_ON_FAILURE makes it anew",
                )
            request.say(f"the stack {name} is in {work.stack.status}, and is made anew")
            if not work.delete():
                return _not_done(request, work)
        return _became(request, work, desired, services)

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Go on with the stack as it was left: what is made is not made twice."""


def _became(
    request: ActionRequest, work: StackWork, desired: Desired, services: Services
) -> ActionResult:
    stack = work.stack
    todo = changes(stack.is_.resources, desired.resources, replacing())
    outputs = made_of(desired, stack).outputs
    same = stack.is_.outputs == outputs and stack.is_.parameters == desired.parameters
    if stack.there and not stack.changing and not todo and same:
        request.say(f"{stack.name}: No updates are to be performed.")
        return _done(request, stack, services, "No updates are to be performed")
    if not work.become(desired):
        return _not_done(request, work)
    return _done(request, work.stack, services, f"Stack {work.stack.status}")


def _proposed(request: ActionRequest, work: StackWork, desired: Desired) -> ActionResult:
    stack, name = work.stack, request.configuration["ChangeSetName"]
    if stack.changing:
        return failed(
            FailureType.JOB_FAILED,
            f"the stack {stack.name} was left in {stack.status}",
            hint="CREATE_UPDATE takes it up again",
        )
    todo = changes(stack.is_.resources, desired.resources, replacing())
    kept = tuple(each for each in stack.change_sets if each.name != name)
    status = stack.status if stack.there else StackStatus.REVIEW_IN_PROGRESS
    made = ChangeSet(name=name, basis=fingerprint(stack.is_), desired=desired)
    work.note(replace(stack, status=status, change_sets=(*kept, made)))
    for change in todo:
        request.say(f"{stack.name}: {change}")
    words = f"Change set {name} was created: {len(todo)} change{'s' * (len(todo) != 1)}"
    words = words if todo else f"Change set {name} has no changes"
    return ActionResult(
        status=ActionStatus.SUCCEEDED,
        summary=_marked(words, desired),
        external_execution_id=_arn(request, stack.name),
        variables=stack.is_.outputs,
    )


def _executed(request: ActionRequest, work: StackWork, services: Services) -> ActionResult:
    stack, name = work.stack, request.configuration["ChangeSetName"]
    found = next((each for each in stack.change_sets if each.name == name), None)
    if found is None:
        return failed(
            FailureType.JOB_FAILED,
            f"ChangeSet [{name}] does not exist",
            hint="an action with the mode CHANGE_SET_REPLACE makes it, in an earlier runOrder",
        )
    if not stack.changing and found.basis != fingerprint(stack.is_):
        return failed(
            FailureType.JOB_FAILED,
            f"ChangeSet [{name}] was made for {stack.name} as it is no more",
            hint="make it again, with CHANGE_SET_REPLACE",
        )
    if not work.become(found.desired):
        return _not_done(request, work)
    return _done(request, work.stack, services, f"Stack {work.stack.status}")


def _deleted(request: ActionRequest, work: StackWork) -> ActionResult:
    if not work.stack.there and not work.stack.change_sets:
        return ActionResult(
            status=ActionStatus.SUCCEEDED, summary=f"there is no stack {work.stack.name}"
        )
    simulated = _marked("Stack DELETE_COMPLETE", work.stack.is_)
    if not work.delete():
        return _not_done(request, work)
    return ActionResult(
        status=ActionStatus.SUCCEEDED,
        summary=simulated,
        external_execution_id=_arn(request, work.stack.name),
    )


def _not_done(request: ActionRequest, work: StackWork) -> ActionResult:
    stack = work.stack
    return failed(
        FailureType.JOB_FAILED,
        f"the stack {stack.name} is in {stack.status}: {stack.reason}",
        external_id=_arn(request, stack.name),
    )


def _done(request: ActionRequest, stack: Stack, services: Services, words: str) -> ActionResult:
    outputs: tuple[StoredArtifact, ...] = ()
    file = request.configuration.get("OutputFileName")
    if file and request.action.outputs:
        request.workspace.mkdir(parents=True, exist_ok=True)
        path = request.workspace / "outputs"
        path.write_text(json.dumps(dict(stack.is_.outputs)), "utf-8")
        artifact = services.artifacts.put((ArtifactFile(path=file, source=path),))
        output = request.action.outputs[0]
        outputs = (
            StoredArtifact(
                name=output,
                digest=artifact.digest,
                key=object_key(request.plan.name, output, artifact.digest),
            ),
        )
    said = _marked(words, stack.is_)
    request.say(f"{stack.name}: {said}")
    return ActionResult(
        status=ActionStatus.SUCCEEDED,
        summary=said,
        external_execution_id=_arn(request, stack.name),
        outputs=outputs,
        variables=stack.is_.outputs,
    )


def _marked(words: str, made: Desired) -> str:
    """Say how much of it is in words only, if anything is."""
    count = sum(resource.simulated for resource in made.resources)
    if not count:
        return words
    return f"simulated: {words}; {count} of {len(made.resources)} resources do not exist"


def _arn(request: ActionRequest, stack: str) -> str:
    region = request.action.region or request.plan.region
    return f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack}"


def _hint(stack: str, reason: Exception) -> str:
    if "not made here" in str(reason) or "macros do not run here" in str(reason):
        return (
            f"in cicd.yml, local: {{simulatedStacks: [{stack}]}} lets such resources exist in "
            "words only"
        )
    return ""


CLOUD_FORMATION = CloudFormationAction()
