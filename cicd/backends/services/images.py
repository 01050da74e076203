"""The images of a task's containers, each on the engine or pulled to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.backends import docker_images
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.backends.docker_engine import Engine
    from cicd.ports import ContainerOrder


def images_of(engine: Engine, containers: Iterable[ContainerOrder]) -> Mapping[str, str]:
    """Give each image that is asked for as the engine knows it; raises ``Unavailable``."""
    found: dict[str, str] = {}
    for each in containers:
        try:
            found[each.image] = docker_images.find(engine, each.image, "", lambda _line: None)
        except Unavailable as reason:
            raise Unavailable(
                reason.message,
                hint=f"`docker pull {each.image}` where there is a network; or deploy one that is "
                f"here, `--image {each.name}=IMAGE`",
            ) from None
    return found
