"""What a build is asked for; known before anything is read, and cheap to import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.compute.kinds import Size
from cicd.build.compute.place import LocalPlaces, Place, Wishes, place_of
from cicd.build.environment_variable import Variable
from cicd.build.images.table import stand_in
from cicd.build.project import Project
from cicd.ports import Environment, Mount, MountMode, Revision
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE_SYSTEM = "file-system-"  # begins the names of mounts that are file systems
LONGEST_NAME = 255  # characters; no system has longer names of files
RUNNERS_WITHOUT_IMAGES = frozenset({"sandbox", "host"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What StartBuild is asked for, and what only exists here."""

    source: Path  # the primary source: a directory of this machine, never changed
    project: Project  # find_project(resources, name, source)
    runner: str = "docker"  # "docker", "sandbox", "host"
    buildspec: str | None = None  # buildspecOverride: a path (from the source's root) or the text
    command_places: tuple[str, ...] = ()  # where BUILD's commands stand, if in another document
    image: str | None = None  # imageOverride
    images: Mapping[str, str] = field(default_factory=dict)  # cloud image → its stand-in here
    local: LocalPlaces = field(default_factory=LocalPlaces)  # networks and file systems here
    network: str | None = None  # what is joined instead of the project's VPC
    docker: str = "socket"  # or "nested": the engine of a privileged build
    default_image: str | None = None  # stands in for a cloud image that `images` does not name
    variables: tuple[Variable, ...] = ()  # environmentVariablesOverride; later ones win
    secondary_sources: Mapping[str, Path] = field(default_factory=dict)  # by sourceIdentifier
    secondary_versions: Mapping[str, str] = field(default_factory=dict)  # by sourceIdentifier
    timeout: timedelta | None = None  # timeoutInMinutesOverride
    uuid: str = ""  # of the build; "": a fresh one
    initiator: str | None = None  # "codepipeline/<name>"; None: the user's name
    parent: str | None = None  # the stream that asked for it
    revision: Revision | None = None  # of the primary source; None: ask the source
    source_version: str = ""  # CODEBUILD_SOURCE_VERSION; "": the revision's id
    webhook: Mapping[str, str] = field(default_factory=dict)  # WebhookEvent.variables()
    outputs: tuple[str, ...] | None = None  # CodePipeline's output artifacts; None: the project's
    debug_session: bool = False  # debugSessionEnabled
    break_on: tuple[str, ...] = ()  # where to pause; see debug/break_on.py
    artifacts_directory: Path | None = None  # deliver the artifacts there, too
    hidden: tuple[str, ...] = ()  # paths below the source that are none of it
    # True: a broken buildspec raises. False: it is a FAILED build with YAML_FILE_ERROR in
    # DOWNLOAD_SOURCE, as the service does it (pipelines).
    raise_problems: bool = True


def is_document(buildspec: str, source: Path) -> bool:
    """
    Tell whether what a buildspec is given as is the document itself, and not where one is.

    The guide does not say how the two are told apart: more than one line, or a mapping on one,
    is a document, unless there is a file of that name.
    """
    if "\n" in buildspec:
        return True
    if not buildspec.startswith("{") and ": " not in buildspec:
        return False
    return len(buildspec) > LONGEST_NAME or not (source / buildspec).exists()


def image_of(request: BuildRequest) -> str:
    """Give what the runner is to open; "" for a runner that has no images."""
    if request.runner in RUNNERS_WITHOUT_IMAGES:
        return ""
    return stand_in(build_image_of(request), request.images, request.default_image)


def build_image_of(request: BuildRequest) -> str:
    """
    Give the image that a build is said to run in: imageOverride, else the project's.

    Source: API Reference, "StartBuild"; user guide, CODEBUILD_BUILD_IMAGE.
    """
    if request.image is not None and request.runner not in RUNNERS_WITHOUT_IMAGES:
        return request.image
    return request.project.environment.image


def place_for(request: BuildRequest, home: Path) -> Place:
    """Say where a build runs, beside its image and sources; ``home`` is the state directory."""
    machine = Size(
        cpus=os.cpu_count(), memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    )
    return place_of(
        request.project,
        Wishes(
            runner=request.runner,
            network=request.network,
            docker=request.docker,
            local=request.local,
            home=home,
            machine=machine,
            processor=os.uname().machine,
        ),
    )


def environment_of(
    image: str,
    build_image: str,
    sources: Iterable[tuple[str, Path]],
    place: Place,
    *,
    privileged: bool,
    hidden: tuple[str, ...],
) -> Environment:
    """
    Give the place that a build runs in.

    Args:
        image: What the runner opens.
        build_image: What the build calls it.
        sources: By identifier, "" being the primary one.
        place: The rest.
        privileged: The project's ``privilegedMode``.
        hidden: Paths below the primary source that are not to be seen.
    """
    return Environment(
        image=image,
        stands_for=build_image if image and image != build_image else "",
        mounts=(
            *(
                Mount(
                    name=f"src_{identifier}" if identifier else "src",
                    source=directory,
                    mode=MountMode.COPY_ON_WRITE,
                    hidden=(".cicd",) if identifier else (".cicd", *hidden),
                )
                for identifier, directory in sources
            ),
            *(
                Mount(
                    name=f"{FILE_SYSTEM}{found.identifier}",
                    source=found.directory,
                    mode=MountMode.READ_WRITE,
                    place=found.mount_point,
                    make=True,
                )
                for found in place.file_systems
            ),
        ),
        privileged=privileged,
        docker=place.docker,
        layers=place.layers,
        network=place.network,
        make_network=place.make_network,
        cpus=place.cpus,
        memory=place.memory,
    )


def expected_environment(request: BuildRequest, home: Path) -> Environment:
    """Give the place that a plan of this request will name, before there is one."""
    sources = {"": request.source, **request.secondary_sources}
    return environment_of(
        image_of(request),
        build_image_of(request),
        ((name, directory.resolve()) for name, directory in sources.items()),
        place_for(request, home),
        privileged=request.project.environment.privileged,
        hidden=request.hidden,
    )
