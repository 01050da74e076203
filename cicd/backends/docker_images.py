"""Images on an engine: found, or pulled, or said why not."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from cicd.backends.docker_engine import Engine, Refused, endpoint
from cicd.build.images.table import published
from cicd.errors import NoImage, Unavailable
from cicd.ports import LocalImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.event import JSON


def engine_time() -> datetime | None:
    """Give the engine's own time; None where it does not say. Raises ``Unavailable``."""
    said = (Engine(endpoint()).find("/info") or {}).get("SystemTime")
    # Nanoseconds, of which Python takes six digits.
    match = re.match(r"([^.]+?)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)$", str(said))
    if match is None:
        return None
    return datetime.fromisoformat(f"{match[1]}{match[2] or ''}{match[3].replace('Z', '+00:00')}")


def find(
    engine: Engine, image: str, stands_for: str, pull_to: Callable[[str], None] | None
) -> str:
    """
    Give the image that is to be used, which is on the engine then.

    Args:
        engine: Where.
        image: What is wanted.
        stands_for: The image that it takes the place of, if any. Who has made that one here
            uses it, unless another one was chosen for it.
        pull_to: Gets the lines of a pull; None: nothing is pulled.

    Raises:
        Unavailable: It is not there and cannot be had.
    """
    if not image:
        raise Unavailable("the docker runner needs an image", hint="name one with `--image`")
    names = [image]
    if stands_for and published(stands_for) == image:
        names.append(stands_for)
    for name in names:
        found = look(engine, name)
        if found is not None:
            if found.get("Os") == "windows":
                raise Unavailable(
                    f"image '{name}' is for Windows", hint="only Linux images run here"
                )
            return name
    if pull_to is None:
        raise NoImage(
            f"image '{image}'{_role(stands_for)} is not on this machine",
            hint=_ways(image, stands_for),
        )
    pull(engine, image, stands_for, pull_to)
    return image


def pull(engine: Engine, image: str, stands_for: str, say: Callable[[str], None]) -> None:
    """Pull an image; raises ``Unavailable`` with why that cannot be, and what else there is."""
    from cicd.backends import docker_client

    if engine.remote:
        _check_reach(engine, image)
    try:
        docker_client.pull(engine.url, image, say)
    except docker_client.NotPulled as problem:
        ways = _ways(image, stands_for)
        raise NoImage(
            f"image '{image}'{_role(stands_for)} is not on this machine and cannot be pulled: "
            f"{problem}",
            hint=f"{problem.hint}; {ways}" if problem.hint else ways,
        ) from None


def _check_reach(engine: Engine, image: str) -> None:
    """Refuse a pull over a connection that the SDK cannot make; raises ``Unavailable``."""
    from cicd.backends.remote import tls

    if engine.url.startswith("tcp://") and tls.certificates() is None:
        return
    raise NoImage(
        f"image '{image}' is not on the engine at {engine.url}, and is not pulled there by itself",
        hint=f"`docker pull {image}` with the same DOCKER_HOST or context",
    )


def look(engine: Engine, image: str) -> Mapping[str, JSON] | None:
    """Say what the engine knows of an image; None when it is not there."""
    try:
        return engine.find(f"/images/{quote(image, safe='/:@', errors='replace')}/json")
    except Refused as refused:
        raise NoImage(
            f"image '{image}' cannot be had: {refused.message}",
            hint="check the name, or choose another with `--image`",
        ) from None


def local_image(name: str) -> LocalImage | None:
    """
    Give an image of this machine's engine by its name or id; None: it is not here.

    Raises:
        Unavailable: No engine answers.

    """
    engine = Engine(endpoint())
    engine.ping()
    found = look(engine, name)
    if found is None:
        return None
    return LocalImage(
        id=str(found.get("Id", "")),
        digests=tuple(cast("list[str]", found.get("RepoDigests") or [])),
        tags=tuple(cast("list[str]", found.get("RepoTags") or [])),
        size=int(cast("int", found.get("Size") or 0)),
        created=str(found.get("Created", "")),
    )


def _role(stands_for: str) -> str:
    return f", which stands in for '{stands_for}'," if stands_for else ""


def _ways(image: str, stands_for: str) -> str:
    name = stands_for or image
    return (
        f"`docker pull {image}` where there is a network; or let one that is here stand in, "
        f"`cicd images set {name} IMAGE`; or `--image IMAGE` for this build alone"
    )
