"""
The room's public face: plan, run, resume and stop a build.

``run_build`` takes its token from ``services.cancel``: who runs a build inside something else
gives ``dataclasses.replace(services, cancel=token)``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from cicd.build.plan import BuildPlan, Variable
    from cicd.build.project import Project
    from cicd.event import JSON
    from cicd.ports import Artifact, Revision, Services


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What StartBuild is asked for, and what only exists here."""

    source: Path  # the primary source: a directory of this machine, never changed
    project: Project  # find_project(resources, name, source)
    runner: str = "docker"  # "docker", "sandbox", "host"
    buildspec: str | None = None  # buildspecOverride: a path (from the source's root) or the text
    image: str | None = None  # imageOverride, as the runner knows it
    images: Mapping[str, str] = field(default_factory=dict)  # cloud image → its stand-in here
    default_image: str | None = None  # stands in for a cloud image that `images` does not name
    variables: tuple[Variable, ...] = ()  # environmentVariablesOverride; later ones win
    secondary_sources: Mapping[str, Path] = field(default_factory=dict)  # by sourceIdentifier
    timeout: timedelta | None = None  # timeoutInMinutesOverride
    initiator: str | None = None  # "codepipeline/<name>"; None: the user's name
    parent: str | None = None  # the stream that asked for it
    revision: Revision | None = None  # of the primary source; None: ask the source
    source_version: str = ""  # CODEBUILD_SOURCE_VERSION; "": the revision's id
    outputs: tuple[str, ...] | None = None  # CodePipeline's output artifacts; None: the project's
    artifacts_directory: Path | None = None  # deliver the artifacts there, too
    # True: a broken buildspec raises. False: it is a FAILED build with YAML_FILE_ERROR in
    # DOWNLOAD_SOURCE, as the service does it (pipelines).
    raise_problems: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """The first phase that did not succeed, and why."""

    phase: str  # "BUILD"
    status: str  # the phase's: FAILED, FAULT, TIMED_OUT, STOPPED
    code: str  # "COMMAND_EXECUTION_ERROR"
    message: str  # "Error while executing command: make. Reason: exit status 2"
    command: str = ""  # the failing command's text
    where: str = ""  # its place: "buildspec.yml:14:9"
    hint: str = ""  # what to do, for a FAULT that knows


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What became of a build."""

    build_id: str  # "app:0f3c…"
    stream: str  # "build/app:0f3c…"
    status: str  # SUCCEEDED, FAILED, FAULT, TIMED_OUT, STOPPED
    artifacts: Mapping[str, Artifact]  # by declared output, else by identifier; "" = the primary
    exported_variables: Mapping[str, str]
    failure: BuildFailure | None
    build: Mapping[str, JSON]  # the element of BatchGetBuilds


def plan_build(request: BuildRequest, services: Services) -> BuildPlan:
    """Say what a build would do; changes nothing. Raises DocumentError, UsageError."""
    raise NotImplementedError


def run_build(request: BuildRequest, services: Services) -> BuildResult:
    """Submit a build and drive it to its end. Raises DocumentError, UsageError, Unavailable."""
    raise NotImplementedError


def resume_build(stream: str, services: Services) -> BuildResult:
    """Drive an unfinished build on; gives the result of a finished one."""
    raise NotImplementedError


def stop_build(stream: str, services: Services) -> BuildResult:
    """Ask a build to stop, and carry that out here if nobody drives it."""
    raise NotImplementedError


def build_result(stream: str, services: Services) -> BuildResult:
    """Say what is known of a build, running or not (status IN_PROGRESS)."""
    raise NotImplementedError
