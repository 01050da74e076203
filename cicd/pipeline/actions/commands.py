"""Compute/AWS/Commands: commands in a container, without a project and without a buildspec."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.pipeline.actions.codebuild import (
    ConfigurationInvalid,
    build_result,
    primary_input,
    unpack,
    versions_of,
)
from cicd.pipeline.actions.provider import find_child
from cicd.pipeline.local_builds import build_of
from cicd.pipeline.result import FailureType, failed
from cicd.ports import Revision

if TYPE_CHECKING:
    from cicd.build.project import Project
    from cicd.build.run import BuildResult
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.result import ActionResult
    from cicd.ports import Services

IMAGE: Final = "aws/codebuild/amazonlinux2-x86_64-standard:5.0"
EVERYTHING: Final = "**/*"


class CommandsAction:
    """Runs them in order, in one shell's worth of variables, as a build of a single phase."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """
        Unpack the inputs, and run the commands in the primary one's directory.

        Local rule: the primary is the first listed, unless ``PrimarySource`` names another.
        """
        from cicd.build.environment_variable import Variable, VariableType
        from cicd.build.run import run_build
        from cicd.document.resources import Resources

        configuration = request.configuration
        if configuration.get("EnvironmentType", "LINUX_CONTAINER") != "LINUX_CONTAINER":
            return failed(
                FailureType.LOCAL_UNSUPPORTED,
                f"{configuration['EnvironmentType']} does not run here: containers are Linux's",
            )
        if not request.action.commands:
            return failed(
                FailureType.CONFIGURATION_ERROR, f"'{request.action.name}' has no commands"
            )
        name = configuration.get("PrimarySource") or request.inputs[0].name
        try:
            primary = primary_input(request, name)
        except ConfigurationInvalid as reason:
            return failed(FailureType.CONFIGURATION_ERROR, f"{request.action.name}: {reason}")
        directories = unpack(request.inputs, request.workspace, services)
        resources = Resources.load(Path(request.plan.root))
        source = directories.pop(primary.name)
        build = replace(
            build_of(request, resources, source=source, project=_project(request)),
            buildspec=buildspec(request),
            command_places=request.action.command_places,
            variables=tuple(
                Variable(
                    name=variable.name,
                    value=request.resolve(variable.value),
                    type=VariableType(variable.type),
                )
                for variable in request.action.environment
            ),
            secondary_sources=directories,
            secondary_versions=versions_of(request),
            revision=Revision(id=primary.revision_id),
            source_version=versions_of(request)[primary.name],
            outputs=request.action.outputs,
        )
        return _ended(request, run_build(build, replace(services, cancel=scope.cancel)))

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Take up what was begun; it may have ended since. None: begin it."""
        from cicd.build.run import resume_build

        child = find_child(request, services, "build")
        if child is None:
            return None
        return _ended(request, resume_build(child.stream, replace(services, cancel=scope.cancel)))


def buildspec(request: ActionRequest) -> str:
    """Give the commands as a buildspec of one phase."""
    spec: dict[str, object] = {
        "version": 0.2,
        "phases": {
            "build": {"commands": [request.resolve(text) for text in request.action.commands]}
        },
    }
    if request.action.output_variables:
        spec["env"] = {"exported-variables": list(request.action.output_variables)}
    if request.action.outputs:
        spec["artifacts"] = {"files": list(request.action.files) or [EVERYTHING]}
    return json.dumps(spec)


def _project(request: ActionRequest) -> Project:
    from cicd.build.project import ProjectEnvironment, default_project

    compute = request.configuration.get("ComputeType", "BUILD_GENERAL1_SMALL")
    return replace(
        default_project(f"{request.plan.name}-{request.action.name}"),
        environment=ProjectEnvironment(image=IMAGE, compute_type=compute),
        vpc_id=request.configuration.get("VpcId", ""),
    )


def _ended(request: ActionRequest, build: BuildResult) -> ActionResult:
    """Give the result; a variable that was never set is not among its variables."""
    result = build_result(request, build)
    return replace(
        result, variables={name: value for name, value in result.variables.items() if value}
    )


COMMANDS = CommandsAction()
