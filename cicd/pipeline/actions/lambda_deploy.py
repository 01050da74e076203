"""
Deploy/AWS/Lambda: the input artifact becomes a version of a function, and an alias goes there.

Source: CodePipeline User Guide, "AWS Lambda deploy action reference".
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.functions.names import split
from cicd.functions.refusal import FunctionRefused
from cicd.pipeline.actions.codedeploy import deployed
from cicd.pipeline.actions.provider import child_uuid, find_child
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.jobs.template_function import follow_template
from cicd.pipeline.result import ActionResult, ActionStatus, FailureType, failed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.deploy.alarms.alarm import AlarmWatch
    from cicd.deploy.result import DeploymentResult
    from cicd.deploy.shift.config import ShiftConfig
    from cicd.engine.process import Scope
    from cicd.functions.run import Functions
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

MOST_ALARMS: Final = 10
_STRATEGY: Final = re.compile(
    r"(Canary)([0-9]{1,2})Percent([0-9]{1,4})Minutes?"
    r"|(Linear)([0-9]{1,2})PercentEvery([0-9]{1,4})Minutes?"
)
_AT_ONCE: Final = "AllAtOnce"


class LambdaDeployAction:
    """Publishes a version, and shifts the alias to it by a deployment of CodeDeploy."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Deploy; an alarm, or a failure, gives the alias back to the version that it had."""
        from cicd.functions.run import Functions

        given = request.configuration
        fault = _fault(request)
        if fault:
            return failed(FailureType.CONFIGURATION_ERROR, fault)
        functions = Functions(services)
        try:
            follow_template(given["FunctionName"], request.plan, services)
            return self._deploy(request, functions, services, scope)
        except FunctionRefused as refusal:
            return failed(
                FailureType.CONFIGURATION_ERROR, refusal.message, hint=refusal.hint or ""
            )

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Take up the deployment that was begun; the same code is not published twice."""
        from cicd.deploy.history import read_plan
        from cicd.deploy.run import resume_deployment

        child = find_child(request, services, "deployment")
        if child is None:
            return None
        plan = read_plan(child.stream, services)
        shift = None if plan is None else plan.shift
        target = "" if shift is None or shift.function is None else shift.function.target_version
        id_ = child.stream.partition("/")[2]
        return _ended(request, resume_deployment(id_, services, cancel=scope.cancel), target)

    def _deploy(
        self, request: ActionRequest, functions: Functions, services: Services, scope: Scope
    ) -> ActionResult:
        given = request.configuration
        name, alias_name = split(given["FunctionName"])[0], given.get("FunctionAlias", "")
        function = functions.find(name)
        alias = function.alias(alias_name) if alias_name else None
        if alias is not None and alias.additional:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"the alias '{alias_name}' of '{name}' has two versions behind it",
                hint=f"cicd function alias {name} {alias_name} --version {alias.function_version}",
            )
        strategy, alarms = _shift(given), _alarms(request)
        if isinstance(strategy, str) or isinstance(alarms, str):
            fault = strategy if isinstance(strategy, str) else str(alarms)
            return failed(FailureType.CONFIGURATION_ERROR, fault)
        target = given.get("PublishedTargetVersion", "")
        if target:
            function.version(target)
        else:
            code = stored_input(request.inputs[0], services)
            functions.update(name, lambda held: held, code)
            target = functions.publish(name).version
            request.say(f"{request.action.name}: {name}:{target} is published")
        if alias is None or alias.function_version == target:
            said = f"{name}:{target}" if alias is None else f"{alias_name} is at {name}:{target}"
            return _succeeded(said, target)
        revision = _revision(request.workspace, name, alias_name, alias.function_version, target)
        return self._shifted(request, services, scope, revision, strategy, alarms, target)

    def _shifted(
        self,
        request: ActionRequest,
        services: Services,
        scope: Scope,
        revision: Path,
        strategy: ShiftConfig,
        alarms: AlarmWatch | None,
        target: str,
    ) -> ActionResult:
        from cicd.deploy.compile import deployment_id
        from cicd.deploy.group import DeploymentGroup, group_id
        from cicd.deploy.plan import RollbackEvent
        from cicd.deploy.run import DeploymentRequest, run_deployment

        application = request.plan.name
        name = f"{request.action.stage}-{request.action.name}"
        group = DeploymentGroup(
            application_name=application,
            name=name,
            id=group_id(application, name),
            shift=strategy,
            alarms=alarms,
            rollback_events=tuple(RollbackEvent),
        )
        deployment = DeploymentRequest(
            group=group,
            revision=revision,
            creator=f"codepipeline/{request.plan.name}",
            parent=request.parent,
            deployment_id=deployment_id(child_uuid(request)),
        )
        return _ended(request, run_deployment(deployment, services, cancel=scope.cancel), target)


def _fault(request: ActionRequest) -> str:
    given = request.configuration
    if not given.get("FunctionAlias"):
        for key in ("PublishedTargetVersion", "DeployStrategy"):
            if given.get(key):
                return f"'{key}' needs a 'FunctionAlias' to deploy to"
    if not request.inputs and not given.get("PublishedTargetVersion"):
        return "'PublishedTargetVersion' must be given where there is no input artifact"
    return ""


def _shift(given: Mapping[str, str]) -> ShiftConfig | str:
    """Give the configuration of ``DeployStrategy``, or what is wrong with it."""
    from cicd.deploy.shift.config import custom_shift, default_config
    from cicd.deploy.spec import ComputePlatform
    from cicd.errors import UsageError

    written = given.get("DeployStrategy") or _AT_ONCE
    if written == _AT_ONCE:
        return default_config(ComputePlatform.LAMBDA)
    found = _STRATEGY.fullmatch(written)
    if found is None:
        return (
            f"'{written}' is not a DeployStrategy: write AllAtOnce, Canary10Percent5Minutes or "
            "Linear10PercentEvery1Minute, with your own numbers"
        )
    kind, percentage, minutes = (word for word in found.groups() if word is not None)
    try:
        made = custom_shift(kind, ComputePlatform.LAMBDA, int(percentage), f"{int(minutes)}m")
    except UsageError as refused:
        return refused.message
    return replace(made, name=written)


def _alarms(request: ActionRequest) -> AlarmWatch | str | None:
    """Give the alarms that are named, or what is wrong with them; None: there are none."""
    from cicd.deploy.alarms.alarm import AlarmWatch
    from cicd.deploy.alarms.reader import read_alarms
    from cicd.document.problem import Problems
    from cicd.pipeline.resources_of import resources_of

    names = [name.strip() for name in request.configuration.get("Alarms", "").split(",")]
    names = [name for name in names if name]
    if not names:
        return None
    if len(names) > MOST_ALARMS:
        return f"an action watches {MOST_ALARMS} alarms at most, not {len(names)}"
    problems = Problems()
    known = read_alarms(resources_of(request.plan), problems)
    problems.raise_errors()
    missing = [name for name in names if name not in known]
    if missing:
        return f"cicd.yml has no alarm '{missing[0]}' under 'local: alarms:'"
    return AlarmWatch(alarms=tuple(known[name] for name in names))


def _revision(workspace: Path, name: str, alias: str, current: str, target: str) -> Path:
    """Write the AppSpec that says what goes where."""
    properties = {
        "Name": name,
        "Alias": alias,
        "CurrentVersion": current,
        "TargetVersion": target,
    }
    resource = {"function": {"Type": "AWS::Lambda::Function", "Properties": properties}}
    place = workspace / "revision"
    place.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": 0.0, "Resources": [resource]})
    (place / "appspec.json").write_text(text, encoding="utf-8")
    return place


def _ended(request: ActionRequest, deployment: DeploymentResult, target: str) -> ActionResult:
    result = deployed(request, deployment)
    if result.status is ActionStatus.SUCCEEDED:
        return replace(result, variables={"FunctionVersion": target})
    return result


def _succeeded(summary: str, version: str) -> ActionResult:
    return ActionResult(
        status=ActionStatus.SUCCEEDED, summary=summary, variables={"FunctionVersion": version}
    )


LAMBDA_DEPLOY = LambdaDeployAction()
