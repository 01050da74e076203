"""Request for a function → DeploymentPlan; all that can be checked before it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.compile import PlannedDeployment, rollback_events
from cicd.deploy.config import AT_ONCE, PREDEFINED
from cicd.deploy.lifecycle import GREEN_ALLOW, LifecycleEvent
from cicd.deploy.plan import DeploymentPlan, RevisionPlan
from cicd.deploy.revision import load_appspec
from cicd.deploy.rules.services import check_service_appspec
from cicd.deploy.shift.compile import hooks_of, properties_of, value_of
from cicd.deploy.shift.config import default_config
from cicd.deploy.shift.plan import FunctionPlan, ShiftPlan
from cicd.deploy.shift.platform import appspec_name
from cicd.deploy.spec import ComputePlatform, compute_platform
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.functions.names import split
from cicd.ports import TargetKind, TargetSpec

if TYPE_CHECKING:
    from cicd.deploy.plan import BundleType
    from cicd.deploy.run import DeploymentRequest


def compile_function(request: DeploymentRequest, kind: BundleType) -> PlannedDeployment:
    """
    Make the plan, its id still empty.

    Raises:
        UsageError: There is no AppSpec, or it is not for Lambda.
        DocumentError: It is invalid.

    """
    group = request.group
    if request.ignore_application_stop_failures:
        raise UsageError(
            "a function has no ApplicationStop whose failures could be ignored "
            "(InvalidIgnoreApplicationStopFailuresValueException)",
            hint="leave out --ignore-application-stop-failures",
        )
    problems = Problems()
    name = appspec_name(request.revision, kind, request.appspec)
    node = load_appspec(request.revision, kind, name)
    if compute_platform(node) is not ComputePlatform.LAMBDA:
        raise UsageError(
            f"'{node.span.source.name}' is not for Lambda, and '{group.name}' is a group of "
            "functions",
            hint="write 'Resources: [{fn: {Type: AWS::Lambda::Function, Properties: …}}]'",
        )
    check_service_appspec(node, ComputePlatform.LAMBDA, problems)
    problems.raise_errors()
    properties = properties_of(node)
    function = FunctionPlan(
        name=split(value_of(properties, "Name"))[0],
        alias=value_of(properties, "Alias"),
        current_version=value_of(properties, "CurrentVersion"),
        target_version=value_of(properties, "TargetVersion"),
    )
    shift = ShiftPlan(
        config=request.shift or group.shift or default_config(ComputePlatform.LAMBDA),
        hooks=hooks_of(node),
        function=function,
    )
    target = f"{function.name}:{function.alias}"
    return PlannedDeployment(
        plan=DeploymentPlan(
            deployment_id="",
            application_name=group.application_name,
            deployment_group_name=group.name,
            deployment_group_id=group.id,
            config=replace(PREDEFINED[AT_ONCE], name=shift.config.name),
            targets=(TargetSpec(id=target, kind=TargetKind.FUNCTION, location=target),),
            events=tuple(
                event
                for event in GREEN_ALLOW
                if event is LifecycleEvent.ALLOW_TRAFFIC or shift.hook(event)
            ),
            revision=RevisionPlan(
                digest="", bundle_type=kind, name=request.revision_name or str(request.revision)
            ),
            appspec=name,
            creator=request.creator,
            description=request.description,
            rollback_events=rollback_events(request),
            alarms=None if request.ignore_alarms else group.alarms,
            triggers=group.triggers,
            shift=shift,
        ),
        problems=(*group.notes, *problems),
        appspec=None,
    )
