"""Which parts of a cache a session looks through, and which are copied into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cicd.build.artifacts.patterns import is_pattern
from cicd.build.cache.identity import plain_key
from cicd.build.cache.selection import ROOT, SOURCE
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.plan import BuildPlan
    from cicd.ports import CacheEntry

_HOMES = (PurePosixPath("/root"), PurePosixPath("/home"))  # where tools keep what they download
_WHOLE = re.compile(r"(?:/\*\*(?:/\*)?)?/?$")
_CLEAN = re.compile(r"(?<![\w./-])(?:clean|distclean|mrproper|--clear)(?![\w./-])")
_WORD = re.compile(r"[\w./-]+")
_SCRIPT = 64 * 1024  # bytes; what is larger is not written by hand
_NODE = frozenset({"package.json"})
_READ_BY = {
    "make": frozenset({"Makefile", "makefile", "GNUmakefile"}),
    **dict.fromkeys(("npm", "pnpm", "yarn"), _NODE),
}
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
    What a command of the build removes or renames cannot be a mount, so it is copied; the source's
    scripts that commands name count.
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
    commands = [command.text for phase in plan.phases for command in phase.lines]
    return any(_CLEAN.search(text) for text in commands) or any(
        whole.search(gone[0])
        for text in (*commands, *_scripts(plan.sources[0].directory, commands))
        for gone in _GONE.finditer(text)
    )


def _scripts(source: Path, commands: list[str]) -> Iterator[str]:
    """Give the texts of the source's own files that commands name, or their tools read."""
    named = {word for text in commands for word in _WORD.findall(text)}
    for tool, files in _READ_BY.items():
        named |= files if tool in named else set()
    for word in sorted(named):
        path = source / word
        with suppress(OSError, ValueError):
            if path.is_file() and path.stat().st_size <= _SCRIPT:
                yield path.read_text("utf-8", "replace")
