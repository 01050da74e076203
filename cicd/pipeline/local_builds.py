"""How the builds of an execution are run on this machine, whatever their projects say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.project import Project
    from cicd.build.request import BuildRequest
    from cicd.document.resources import Resources
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.gates.provider import RuleRequest
    from cicd.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBuilds:
    """What the start of an execution and the settings ask of its builds. Part of a plan."""

    runner: str | None = None  # None: the resources' or the settings'
    build_image: str | None = None  # of all builds, instead of their projects' images
    image: str | None = None  # stands in for cloud images; None: only the resources' stand-ins
    images: Mapping[str, str] = field(default_factory=dict)  # the settings' stand-ins
    network: str | None = None  # what builds join instead of their VPCs
    docker: str = "socket"  # or "nested": the engine of privileged builds

    @classmethod
    def chosen(cls, settings: Settings, build_image: str | None = None) -> LocalBuilds:
        """Take what the settings say, and the image that somebody asked for."""
        return cls(
            runner=settings.runner,
            build_image=build_image,
            image=settings.image,
            images=settings.images,
            network=settings.network,
            docker=settings.docker,
        )


def build_of(
    asking: ActionRequest | RuleRequest, resources: Resources, *, source: Path, project: Project
) -> BuildRequest:
    """Ask for a build of a pipeline; a broken buildspec makes it FAILED, as at the service."""
    from cicd.build.compute.local_places import local_places
    from cicd.build.find_project import local_images
    from cicd.build.request import BuildRequest
    from cicd.pipeline.actions.provider import child_uuid
    from cicd.pipeline.local import runner_name

    how = asking.plan.builds
    return BuildRequest(
        source=source,
        project=project,
        runner=how.runner or runner_name(resources),
        image=how.build_image,
        images={**how.images, **local_images(resources)},
        default_image=how.image,
        local=local_places(resources),
        network=how.network,
        docker=how.docker,
        initiator=f"codepipeline/{asking.plan.name}",
        parent=asking.parent,
        uuid=child_uuid(asking),
        raise_problems=False,
    )
