"""What a request leaves open: the buildspec, the sources, the image."""

from __future__ import annotations

import getpass
import os
import re
from itertools import starmap
from typing import TYPE_CHECKING

from cicd.account import region
from cicd.build.buildspec.reader import read_buildspec
from cicd.build.compile import Start, refusal
from cicd.build.compute.reader import instead_of
from cicd.build.elsewhere import buildspecs_below
from cicd.build.plan import Refusal, SourcePlan
from cicd.build.project import ProjectSource
from cicd.build.request import build_image_of, image_of, is_document, place_for
from cicd.build.rules import BUILD_RULES
from cicd.build.sections import check_exports
from cicd.document.load import load, load_source, load_text
from cicd.document.rules import run_rules
from cicd.errors import CicdError, DocumentError, Unavailable, UsageError
from cicd.ports import Revision

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.request import BuildRequest
    from cicd.build.spec import Buildspec
    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.ports import Services


def read_request(
    request: BuildRequest, problems: Problems
) -> tuple[Buildspec | None, str, Refusal | None]:
    """Read the buildspec: what it says, its path from the source's root, and why not."""
    wanted = request.buildspec or request.project.source.buildspec
    location = _path_of(wanted, request.source)
    try:
        written = request.project.source.document
        if location is None and not request.buildspec and written is not None:
            node = load_source(written)
        elif location is None:
            by = "--buildspec" if request.buildspec else f"buildspec of {request.project.name}"
            node = load_text(wanted, by)
        else:
            node = load(request.source / location, location)
        spec = read_buildspec(node, problems)
    except DocumentError as wrong:
        if request.raise_problems:
            raise
        return None, location or "", refusal(wrong.problems)
    except UsageError as wrong:
        missing = _missing(request, wanted, location or "", wrong)
        if request.raise_problems:
            raise missing from None
        return None, location or "", Refusal(code="YAML_FILE_ERROR", message=missing.message)
    run_rules(BUILD_RULES, spec, problems)
    check_exports(spec, request.project.environment.variables, problems)
    asked = any(phase.runtime_versions for phase in spec.phases)
    if asked and request.image is None and request.project.node is not None:
        from cicd.build.images.runtimes import check_runtimes

        check_runtimes(_image(request.project.node), spec, problems)
    return spec, location or "", None


def _image(project: Node) -> Node | None:
    """Give the image that a project names itself."""
    environment = project.entries.get("environment")
    image = None if environment is None else environment.value.entries.get("image")
    return None if image is None else image.value


def _path_of(wanted: str, source: Path) -> str | None:
    """Give the buildspec's path, or None if ``wanted`` is the text itself."""
    if not wanted:
        return "buildspec.yml"
    if is_document(wanted, source):
        return None
    if wanted.startswith("arn:"):
        raise UsageError(
            f"the buildspec '{wanted}' is in a bucket, which cannot be read here",
            hint="fetch it ('aws s3 cp'), and name the file with --buildspec",
        )
    return wanted


def _missing(request: BuildRequest, wanted: str, location: str, wrong: UsageError) -> UsageError:
    """Put a missing buildspec into the service's words."""
    path = request.source / location
    if path.exists() or not request.raise_problems:
        said = f"stat {path}: no such file or directory" if wanted else "YAML file does not exist"
        return wrong if path.exists() else UsageError(said)
    near = request.source / "buildspec.yaml"
    hint = "'cicd init' writes one; or name yours with --buildspec"
    if wanted:
        hint = "a path is taken from the top of the source; --buildspec names another"
    elif near.exists():
        hint = "'buildspec.yaml' is not looked for: rename it, or use --buildspec buildspec.yaml"
    elif found := buildspecs_below(request.source):
        hint = f"name yours with --buildspec; there is {found}"
    return UsageError(f"there is no '{location}' in {request.source}", hint=hint)


def check_sources(request: BuildRequest) -> None:
    """Raise ``UsageError`` for a secondary source that cannot be one."""
    for name, directory in request.secondary_sources.items():
        if not re.fullmatch(r"[A-Za-z0-9_]{1,127}", name):
            raise UsageError(
                f"'{name}' cannot name a secondary source",
                hint="Invalid input: identifier must contain only alphanumeric characters and "
                "underscores and be less than 128 characters in length",
            )
        if not directory.is_dir():
            raise UsageError(
                f"the secondary source '{name}', '{directory}', is not a directory",
                hint="name a directory that exists: --secondary-source NAME=DIR",
            )
    if len(request.secondary_sources) > 12:
        raise UsageError(
            f"{len(request.secondary_sources)} secondary sources are too many",
            hint="a build takes up to 12",
        )


def start_of(request: BuildRequest, services: Services, location: str) -> Start:
    """Give what a build is started with; ``location`` is the buildspec's path, "" for text."""
    project = request.project
    instead = instead_of(project.environment.type)
    if instead is not None:
        raise Unavailable(
            f"project '{project.name}' builds in a {project.environment.type}, which cannot be "
            "had here",
            hint=f"give the project {instead}",
        )
    created = services.clock.now()
    return Start(
        build_id=f"{project.name}:{request.uuid or services.new_id()}",
        region=region(),
        created=created,
        runner=request.runner,
        image=image_of(request),
        build_image=build_image_of(request),
        sources=_sources(request, services),
        buildspec=location,
        overrides=request.variables,
        timeout=request.timeout or project.timeout,
        auto_retry=project.auto_retry_limit,
        initiator=request.initiator or _user(),
        place=place_for(request, services.home),
        outputs=request.outputs,
        artifacts_directory=request.artifacts_directory,
        hidden=request.hidden,
        webhook=tuple(request.webhook.items()),
    )


def _sources(request: BuildRequest, services: Services) -> tuple[SourcePlan, ...]:
    project = request.project

    def describe(directory: Path) -> Revision:
        # A pipeline's inputs lie below the home, and git would tell of the repository around it.
        return _describe(directory, services) if request.outputs is None else Revision(id="")

    revision = request.revision or describe(request.source)
    primary = SourcePlan(
        identifier="",
        directory=request.source.resolve(),
        type=project.source.type,
        location=project.source.location or revision.url,
        version=request.source_version or project.source.version or revision.id,
        resolved_version=revision.id,
        branch=revision.branch,
    )
    known = {source.identifier: source for source in project.secondary_sources}

    def secondary(name: str, directory: Path) -> SourcePlan:
        wanted = known.get(name, ProjectSource(identifier=name))
        found = describe(directory)
        return SourcePlan(
            identifier=name,
            directory=directory.resolve(),
            type=wanted.type,
            location=wanted.location or found.url,
            version=request.secondary_versions.get(name) or wanted.version or found.id,
            resolved_version=found.id,
        )

    missing = [name for name in known if name not in request.secondary_sources]
    if missing and request.outputs is None:  # in a pipeline its inputs are the sources
        raise UsageError(
            f"the secondary source '{missing[0]}' of the project is nowhere here",
            hint=f"say where: --secondary-source {missing[0]}=DIR, or a git URL as its location",
        )
    return (primary, *starmap(secondary, request.secondary_sources.items()))


def _describe(source: Path, services: Services) -> Revision:
    try:
        return services.working_tree(source).describe()
    except CicdError:
        # A build needs no git; without it there is no revision to tell the commands of.
        return Revision(id="")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a numeric user without a name
        return str(os.getuid())
