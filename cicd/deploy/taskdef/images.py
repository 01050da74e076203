"""Images of a revision, for placeholders and for containers: what the two files hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cicd.deploy.taskdef.container import PLACEHOLDER
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE_DETAIL: Final = "imageDetail.json"
IMAGE_DEFINITIONS: Final = "imagedefinitions.json"


def fill_placeholders(text: str, images: Mapping[str, str]) -> str:
    """
    Put images in the place of ``<IMAGE1_NAME>`` and its like; one that has none stays.

    Source: CodePipeline User Guide, "Amazon ECS and CodeDeploy blue-green deploy action".
    """
    return PLACEHOLDER.sub(lambda found: images.get(found[1], found[0]), text)


def image_of_detail(text: str, name: str) -> str:
    """Give ``ImageURI`` of ``imageDetail.json``, an object; raises ``UsageError``."""
    match _json(text, name):
        case {"ImageURI": str(image)} if image:
            return image
    raise UsageError(
        f"'{name}' is not an object with 'ImageURI'",
        hint='write {"ImageURI": "shop:2"}; a list is what imagedefinitions.json holds',
    )


def images_of_definitions(text: str, name: str) -> dict[str, str]:
    """Give the images of ``imagedefinitions.json``, a list, by container; raises UsageError."""
    found = _json(text, name)
    images: dict[str, str] = {}
    for each in found if isinstance(found, list) else [None]:
        match each:
            case {"name": str(container), "imageUri": str(image)} if container and image:
                images[container] = image
            case _:
                raise UsageError(
                    f"'{name}' is not a list of 'name' and 'imageUri'",
                    hint='write [{"name": "web", "imageUri": "shop:2"}]; an object is what '
                    "imageDetail.json holds",
                )
    return images


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"'{name}' is not JSON") from None
