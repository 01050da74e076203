"""Source/AWS/ECR: an image of this machine's engine, told in ``imageDetail.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.account import ACCOUNT
from cicd.build.find_project import local_images
from cicd.document.resources import Resources
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import LocalImage, Services

FILE: Final = "imageDetail.json"


class EcrSource:
    """Looks for the repository's image under its name at ECR, then under its bare name."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Say what the engine has under the tag now; the image itself stays where it is."""
        del scope
        repository = request.configuration["RepositoryName"]
        tag = request.configuration.get("ImageTag") or "latest"
        registry = f"{ACCOUNT}.dkr.ecr.{request.plan.region}.amazonaws.com"
        stand_ins = local_images(Resources.load(Path(request.plan.root)))
        names = tuple(_names(f"{registry}/{repository}", repository, tag, stand_ins))
        found = next(((name, i) for name in names if (i := services.image(name))), None)
        if found is None:
            return failed(
                FailureType.REVISION_UNAVAILABLE,
                f"the engine of this machine has no image '{repository}:{tag}'",
                hint=f"build it (docker build -t {repository}:{tag} .), or name another one in "
                f"cicd.yml: local: {{images: {{{repository}: IMAGE}}}}",
            )
        name, image = found
        digest, by_digest = _digest(image)
        asked = request.plan.revisions.get(request.action.name)
        if asked and asked not in (digest, image.id, name):
            return failed(
                FailureType.REVISION_UNAVAILABLE,
                f"'{name}' has the digest {digest}, not '{asked}'",
                hint="the engine keeps one image under a tag",
            )
        detail = {
            "ImageSizeInBytes": str(image.size),
            "ImageDigest": digest,
            "Version": "1.0",
            "ImagePushedAt": image.created,
            "RegistryId": ACCOUNT,
            "RepositoryName": repository,
            "ImageURI": by_digest,
            "ImageTags": [tag],
        }
        request.workspace.mkdir(parents=True, exist_ok=True)
        file = request.workspace / FILE
        file.write_text(json.dumps(detail), "utf-8")
        artifact = services.artifacts.put((ArtifactFile(path=FILE, source=file),))
        request.say(f"{request.action.name}: {name} is {digest}")
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=name,
            external_execution_id=digest,
            outputs=tuple(
                StoredArtifact(
                    name=output,
                    digest=artifact.digest,
                    key=object_key(request.plan.name, output, artifact.digest),
                    action=request.action.name,
                    revision_id=digest,
                    revision_summary=name,
                )
                for output in request.action.outputs
            ),
            variables={
                "ImageDigest": digest,
                "ImageTag": tag,
                "ImageURI": name,
                "RegistryId": ACCOUNT,
                "RepositoryName": repository,
            },
        )

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Look again: nothing was handed on the first time."""


def _names(full: str, bare: str, tag: str, stand_ins: Mapping[str, str]) -> Iterator[str]:
    for spelling in (f"{full}:{tag}", full, f"{bare}:{tag}", bare):
        if spelling in stand_ins:
            yield stand_ins[spelling]
    yield f"{full}:{tag}"
    yield f"{bare}:{tag}"


def _digest(image: LocalImage) -> tuple[str, str]:
    """
    Give an image's digest, and a name by it that this machine's engine knows.

    Local rule: an image that was never pushed has no digest of a registry; its id serves.
    """
    if image.digests:
        return image.digests[0].partition("@")[2], image.digests[0]
    return image.id, image.id


ECR = EcrSource()
