"""Which parts of a cache a session looks through, and which are copied into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cicd.build.artifacts.patterns import is_pattern
from cicd.build.cache.identity import plain_key
from cicd.build.cache.selection import ROOT, SOURCE
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.ports import CacheEntry

_HOMES = (PurePosixPath("/root"), PurePosixPath("/home"))  # where tools keep what they download
_WHOLE = re.compile(r"(?:/\*\*(?:/\*)?)?/?$")
_CLEAN = re.compile(r"(?<![\w./-])(?:clean|distclean|mrproper|--clear)(?![\w./-])")
_GONE = re.compile(r"(?<![\w./-])(?:rm|rmdir|mv|rimraf)(?=\s)[^\n;&|]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What of an entry is mounted; the rest is copied."""

    source: Path | None = None  # over the primary source
    places: Mapping[str, Path] = field(default_factory=dict)  # by absolute path inside


def layers(plan: BuildPlan, entry: CacheEntry) -> Layers:
    """
    Say what a session of this build is made with; the same for the same entry, whenever asked.

    Nothing where the key needs the build's own shell: the session is there already then.
    What a command of the build removes or renames cannot be a mount, so it is copied.
    """
    if plain_key(plan) is None or plan.cache.action == "save":
        return Layers()
    tree = entry.tree / SOURCE
    # A layer from elsewhere is part of the source's own overlay; a directory of one is as any.
    mounted = tree.resolve().is_relative_to(plan.sources[0].directory.resolve())
    seen = tree.is_dir() and not (mounted and any(_goes(plan, p.name) for p in tree.iterdir()))
    return Layers(source=tree if seen else None, places=_places(plan, entry))


def _places(plan: BuildPlan, entry: CacheEntry) -> dict[str, Path]:
    """Give the directories outside the source, all or none of those that the paths name."""
    # Another image may have other files there, which a mount would hide.
    if plan.runner == "host" or entry.image != plan.image:
        return {}
    taken = [PurePosixPath(each.mount_point) for each in plan.place.file_systems]
    found: dict[str, Path] = {}
    for written in plan.cache_paths:
        place = PurePosixPath(_WHOLE.sub("", written))
        if not place.is_absolute():
            if "$" in written or ".." in place.parts:
                return {}
            continue
        tree = entry.tree / ROOT / str(place).lstrip("/")
        others = (*taken, *map(PurePosixPath, found))
        if (
            is_pattern(str(place))
            or "$" in written
            or ".." in place.parts
            or not any(home in place.parents for home in _HOMES)
            or any(place == o or place in o.parents or o in place.parents for o in others)
            or _goes(plan, place.name)
        ):
            return {}
        if tree.is_dir() and not tree.is_symlink():
            found[str(place)] = tree
    return found


def _goes(plan: BuildPlan, name: str) -> bool:
    """Tell whether a command looks as if it removed or renamed a directory of this name."""
    whole = re.compile(rf"(?<![\w.-]){re.escape(name)}/?(?![\w./-])|\s(?:\./)?\*(?:\s|$)")
    return any(
        _CLEAN.search(command.text)
        or any(whole.search(m[0]) for m in _GONE.finditer(command.text))
        for phase in plan.phases
        for command in phase.lines
    )
