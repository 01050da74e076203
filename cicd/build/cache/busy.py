"""A command that failed because a cached directory is a mount: what to do about it. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cicd.build.cache.identity import has_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan

_BUSY = re.compile(r"Device or resource busy|EBUSY|resource busy or locked")


def busy_hint(plan: BuildPlan, said: Sequence[str]) -> str:
    """
    Give what helps where a command could not remove or rename a cached directory, else "".

    Args:
        plan: The build.
        said: The last lines of the command.
    """
    if not has_cache(plan):
        return ""
    lines = [line for line in said if _BUSY.search(line)]
    for written in plan.cache_paths:
        place = re.sub(r"/\*.*$", "", written).rstrip("/")
        name = PurePosixPath(place).name
        if name and any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", li) for li in lines):
            return (
                f"'{place}' is cached, and here a mount: it can be emptied, but not removed; "
                f"write: find {place} -mindepth 1 -delete\n"
                "or keep caches outside the source, where they are none: CICD_HOME"
            )
    return ""
