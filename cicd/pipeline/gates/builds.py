"""CodeBuild and Commands: rules that hold when a build succeeds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.pipeline.action_type import ActionTypeId
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.actions.provider import ActionRequest, carry_out, find_child
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.local_builds import build_of
from cicd.pipeline.plan import ActionPlan
from cicd.pipeline.result import ActionStatus

if TYPE_CHECKING:
    from cicd.build.request import BuildRequest
    from cicd.engine.process import Scope
    from cicd.pipeline.condition import RuleResult
    from cicd.pipeline.gates.provider import RuleRequest
    from cicd.ports import Services

IMAGE: Final = "aws/codebuild/amazonlinux2-x86_64-standard:5.0"  # of Commands rules
_TYPE: Final = ActionTypeId(category="Build", owner="AWS", provider="CodeBuild", version="1")


class CodeBuildRule:
    """Asks a project, as a CodeBuild action would."""

    def ask(
        self, request: RuleRequest, services: Services, scope: Scope, *, again: bool
    ) -> RuleResult:
        """See ``RuleProvider``."""
        if not request.inputs:
            return request.misconfigured("there is no input artifact for the build to work on")
        action = ActionRequest(
            plan=request.plan,
            action=ActionPlan(
                action_execution_id="",
                stage=request.stage.name,
                name=request.rule.name,
                type_id=_TYPE,
                run_order=1,
                configuration=request.rule.configuration,
                inputs=request.rule.inputs,
                where=request.stage.where,
            ),
            configuration=request.configuration,
            inputs=request.inputs,
            workspace=request.workspace,
            parent=request.parent,
            say=request.say,
        )
        provider = ACTIONS.get(str(_TYPE))
        result = carry_out(provider, action, services, scope, again=again)
        return request.said(
            holds=result.status is ActionStatus.SUCCEEDED,
            summary=result.summary or "Build terminated with state: SUCCEEDED",
            external_id=result.external_execution_id,
            code=result.error.code.value if result.error is not None else "",
        )


class CommandsRule:
    """Runs the rule's own commands, one after another, in a build of their own."""

    def ask(
        self, request: RuleRequest, services: Services, scope: Scope, *, again: bool
    ) -> RuleResult:
        """See ``RuleProvider``."""
        from cicd.build.run import resume_build, run_build

        ours = replace(services, cancel=scope.cancel)
        child = find_child(request, services, "build") if again else None
        if child is not None:
            build = resume_build(child.stream, ours)
        elif not request.rule.commands:
            return request.misconfigured("there are no commands")
        else:
            build = run_build(_build(request, services), ours)
        failure = build.failure
        return request.said(
            holds=build.status == "SUCCEEDED",
            summary=failure.message
            if failure and failure.message
            else f"the commands: {build.status}",
            external_id=build.build_id,
        )


def _build(request: RuleRequest, services: Services) -> BuildRequest:
    from cicd.build.project import default_project
    from cicd.pipeline.actions.codebuild import unpack
    from cicd.pipeline.resources_of import resources_of

    clear(request.workspace)  # half of it may be there, of a driver that died
    directories = unpack(request.inputs, request.workspace, services)
    names = list(directories)
    source = directories.pop(names[0]) if names else request.workspace / "empty"
    source.mkdir(parents=True, exist_ok=True)
    project = default_project(request.rule.name)
    project = replace(project, environment=replace(project.environment, image=IMAGE))
    return replace(
        build_of(request, resources_of(request.plan), source=source, project=project),
        buildspec=json.dumps(
            {"version": 0.2, "phases": {"build": {"commands": list(request.rule.commands)}}}
        ),
        secondary_sources=directories,
        outputs=(),
    )


CODE_BUILD = CodeBuildRule()
COMMANDS = CommandsRule()
