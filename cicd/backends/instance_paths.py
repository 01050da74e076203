"""Absolute paths of an instance → places on this machine that cannot be outside its root."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_MOST_LINKS: Final = 40
_NO_LINK: Final = (errno.EINVAL, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EBADF)


def place_of(inside: str, root: Path, instance: str) -> Path:
    """
    Say where an absolute path of the instance is on this machine.

    Links on the way are followed as the instance would, absolute ones from its root;
    one at the very end is not. ``..`` stops at the root.

    Args:
        inside: The path.
        root: The instance's root, on this machine.
        instance: Its id, for a message.

    Raises:
        Unavailable: The links on the way are a circle.

    """
    top = "" if str(root) == "/" else str(root)
    steps = _steps(inside, root)
    names: list[str] = []
    links = 0
    while steps:
        step = steps.pop()
        if step == "..":
            del names[-1:]
            continue
        names.append(step)
        text = _link(f"{top}/{'/'.join(names)}") if steps else None
        if text is not None:
            links += 1
            if links > _MOST_LINKS:
                raise Unavailable(f"'{inside}' on '{instance}' is a circle of links")
            names = [] if text.startswith("/") else names[:-1]
            steps += _steps(text, root)
    return root.joinpath(*names)


def file_of(inside: str, root: Path, instance: str) -> Path:
    """As ``place_of``; links at the very end are followed too, as the instance would."""
    for _ in range(_MOST_LINKS):
        place = place_of(inside, root, instance)
        text = _link(str(place))
        if text is None:
            return place
        inside = text if text.startswith("/") else f"{name_of(place.parent, root)}/{text}"
    raise Unavailable(f"'{inside}' on '{instance}' is a circle of links")


def _link(place: str) -> str | None:
    """Give a link's text; None: it is none."""
    try:
        return os.readlink(place)  # noqa: PTH115  # thousands are asked for: a text is enough
    except OSError as reason:
        if reason.errno in _NO_LINK:
            return None
        raise


def _steps(path: str, root: Path) -> list[str]:
    """Give the names of a path, last first; a script that sees our paths links to whole ones."""
    path = path.removeprefix(f"{root}/") if str(root) != "/" else path
    path = "" if path == str(root) else path
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def name_of(place: Path, root: Path) -> str:
    """Say how the instance names a place below its root."""
    return f"/{place.relative_to(root)}" if place != root else "/"
