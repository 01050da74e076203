"""Build and Test/AWS/CodeBuild: a build of this machine, fed from and into artifacts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.pipeline.actions.git_reference import clone
from cicd.pipeline.actions.provider import find_child
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.local_builds import build_of
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    ArtifactFormat,
    ErrorDetails,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.ports import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cicd.build.environment_variable import Variable
    from cicd.build.run import BuildResult
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

SUCCEEDED = "SUCCEEDED"
FAULT = "FAULT"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")
_BAD_IDENTIFIER = (
    "Invalid input: identifier must contain only alphanumeric characters and underscores and be "
    "less than 128 characters in length"
)


class ConfigurationInvalid(Exception):
    """The action's configuration cannot be used; the message says why. Caught in ``run``."""


class CodeBuildAction:
    """Starts a build of the named project, and follows it to its end."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Unpack or clone each input into a directory of its own, and build in the primary one."""
        from cicd.build.find_project import find_project
        from cicd.build.run import run_build
        from cicd.pipeline.resources_of import resources_of

        configuration = request.configuration
        try:
            variables = read_environment_variables(configuration.get("EnvironmentVariables", ""))
            primary = _primary(request)
        except ConfigurationInvalid as reason:
            return failed(FailureType.CONFIGURATION_ERROR, f"{request.action.name}: {reason}")
        directories = unpack(request.inputs, request.workspace, services)
        resources = resources_of(request.plan)
        source = directories.pop(primary.name)
        project = find_project(resources, configuration["ProjectName"], source)
        build = replace(
            build_of(request, resources, source=source, project=project),
            buildspec=configuration.get("BuildspecOverride"),
            variables=variables,
            secondary_sources=directories,
            secondary_versions=versions_of(request),
            revision=Revision(id=primary.revision_id),
            source_version=versions_of(request)[primary.name],
            outputs=request.action.outputs,
        )
        if is_on(request, "BatchEnabled"):
            from cicd.pipeline.actions.codebuild_batch import run_batch_of

            return run_batch_of(request, build, services, scope)
        return build_result(request, run_build(build, replace(services, cancel=scope.cancel)))

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """Take up the build that was begun; it may have ended since. None: begin it."""
        from cicd.build.run import resume_build

        if is_on(request, "BatchEnabled"):
            from cicd.pipeline.actions.codebuild_batch import resume_batch_of

            return resume_batch_of(request, services, scope)
        child = find_child(request, services, "build")
        if child is None:
            return None
        return build_result(
            request, resume_build(child.stream, replace(services, cancel=scope.cancel))
        )


def is_on(request: ActionRequest, key: str) -> bool:
    """Tell whether a switch of the action's configuration is on."""
    return request.configuration.get(key, "").lower() == "true"


def read_environment_variables(text: str) -> tuple[Variable, ...]:
    """
    Read the action's ``EnvironmentVariables``: JSON text of an array of objects, not a map.

    Raises ``ConfigurationInvalid`` for anything else.
    """
    from cicd.build.environment_variable import Variable, VariableType

    if not text:
        return ()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise ConfigurationInvalid(f"EnvironmentVariables is not JSON: {reason}") from None
    if not isinstance(found, list):
        raise ConfigurationInvalid("EnvironmentVariables is not a JSON array of objects")
    variables = []
    for item in found:
        if (
            not isinstance(item, dict)
            or not {"name", "value"} <= item.keys()
            or not (item.keys() <= {"name", "value", "type"})
        ):
            raise ConfigurationInvalid(
                'an entry of EnvironmentVariables is not {"name": …, "value": …, "type": …}'
            )
        kind = item.get("type", "PLAINTEXT")
        if kind not in tuple(VariableType):
            raise ConfigurationInvalid(
                f"'{kind}' is not a type of an environment variable: {', '.join(VariableType)}"
            )
        variables.append(
            Variable(name=str(item["name"]), value=str(item["value"]), type=VariableType(kind))
        )
    return tuple(variables)


def _primary(request: ActionRequest) -> StoredArtifact:
    """Find the input that holds the buildspec: the only one, or the one named."""
    if len(request.inputs) == 1:
        return request.inputs[0]
    name = request.configuration.get("PrimarySource")
    if name is None:
        raise ConfigurationInvalid("it has several inputs and no PrimarySource")
    return primary_input(request, name)


def primary_input(request: ActionRequest, name: str) -> StoredArtifact:
    """
    Find the input whose directory commands start in, by its name.

    Raises ``ConfigurationInvalid`` where there is none, or another has a name that no variable
    can have.
    """
    by_name = {artifact.name: artifact for artifact in request.inputs}
    if name not in by_name:
        raise ConfigurationInvalid(f"the PrimarySource '{name}' is none of its inputs")
    for other in by_name:
        if other != name and not _IDENTIFIER.fullmatch(other):
            raise ConfigurationInvalid(f"{_BAD_IDENTIFIER} ('{other}')")
    return by_name[name]


def versions_of(request: ActionRequest) -> dict[str, str]:
    """
    Give what a build is told of each input's version: the object in the pipeline's bucket.

    Source: user guide, "Environment variables in build environments", CODEBUILD_SOURCE_VERSION.
    """
    return {each.name: f"arn:aws:s3:::{request.bucket}/{each.key}" for each in request.inputs}


def unpack(
    inputs: Iterable[StoredArtifact], workspace: Path, services: Services
) -> dict[str, Path]:
    """Unpack or clone artifacts, each into a directory of its name."""
    directories = {}
    for artifact in inputs:
        stored = stored_input(artifact, services)
        into = workspace / artifact.name
        into.mkdir(parents=True)
        if artifact.format is ArtifactFormat.CODEBUILD_CLONE_REF:
            clone(stored, services, into)
        else:
            services.artifacts.unpack(stored, into)
        directories[artifact.name] = into
    return directories


def build_result(request: ActionRequest, build: BuildResult) -> ActionResult:
    """Give what a build that ended makes of its action."""
    outputs = tuple(
        StoredArtifact(
            name=name,
            digest=build.artifacts[name].digest,
            key=object_key(request.plan.name, name, build.artifacts[name].digest),
        )
        for name in request.action.outputs
        if name in build.artifacts
    )
    if build.status == SUCCEEDED:
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            external_execution_id=build.build_id,
            outputs=outputs,
            variables=build.exported_variables,
        )
    message = f"Build terminated with state: {build.status}"
    failure = build.failure
    return ActionResult(
        status=ActionStatus.FAILED,
        summary=message,
        external_execution_id=build.build_id,
        error=ErrorDetails(
            # Not the build's fault, but this machine's: the engine has gone, say.
            code=FailureType.SYSTEM_UNAVAILABLE
            if build.status == FAULT
            else FailureType.JOB_FAILED,
            message=f"{message}. Phase: {failure.phase}, Code: {failure.code}, "
            f"Message: {failure.message}"
            if failure and failure.code  # a build that was stopped has a phase alone
            else message,
            hint=failure.hint if failure else "",
            where=failure.where if failure else "",
        ),
    )


CODE_BUILD = CodeBuildAction()
